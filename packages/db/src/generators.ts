/**
 * The generators as functions, for use in the generators of others: `@flashfusion/db/generators`. Apart from the main door,
 * which Nx loads into every computation of the graph.
 */
export { configurationGenerator } from './generators/configuration/generator';
export type { ConfigurationGeneratorSchema } from './generators/configuration/schema';
export { convertToInferredGenerator } from './generators/convert-to-inferred/generator';
export type { ConvertToInferredGeneratorSchema } from './generators/convert-to-inferred/schema';
export { initGenerator } from './generators/init/generator';
export type { InitGeneratorSchema } from './generators/init/schema';
export { migrationGenerator } from './generators/migration/generator';
export type { MigrationGeneratorSchema } from './generators/migration/schema';
