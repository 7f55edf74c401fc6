import type { InitGeneratorSchema } from '../init/schema';

/** Options of the `configuration` generator. */
export interface ConfigurationGeneratorSchema extends InitGeneratorSchema {
  /** Name of the project that gets a database. */
  readonly project: string;
  /** Write the targets into the project's configuration instead of leaving them to the plugin. */
  readonly explicit?: boolean;
}
