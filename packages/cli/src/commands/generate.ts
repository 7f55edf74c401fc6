import { relative } from 'node:path';
import { findWorkspaceRoot, generateMigration, writeConfiguration } from '@flashfusion/migrator';
import { parseList } from '../arguments';
import { EXIT } from '../exit-code';
import { singleOutcome, type Outcome } from '../outcome';
import { projectOf, scopeFlags, type Runtime } from '../runtime';

export interface GenerateFlags {
  /** Names, versions or `project:name`, with commas between them. */
  readonly dependencies?: string;
}

/** `ff db generate`: writes a new typed migration, and a configuration if the project has none. Needs no database. */
export async function generate(
  name: string,
  description: string | undefined,
  flags: GenerateFlags,
  runtime: Runtime,
): Promise<Outcome> {
  const location = await projectOf(runtime);
  const { cwd } = runtime.surroundings;
  const { path, version, fileName, dependencies, notWritten } = await generateMigration({
    ...location,
    name,
    description,
    dependencies: parseList(flags.dependencies ?? ''),
  });
  // After the migration: a name that is refused writes nothing.
  const { projectRoot } = location;
  const configuration = await writeConfiguration(projectRoot, findWorkspaceRoot(projectRoot));
  return singleOutcome({
    document: { path, version, fileName, dependencies, notWritten, configuration },
    text: [
      `Created ${relative(cwd, path)}`,
      ...(notWritten === undefined
        ? []
        : [`It is a placeholder, which no command runs. ${notWritten}`]),
      ...(configuration === undefined
        ? []
        : [`Created ${relative(cwd, configuration)}, because the project had no configuration.`]),
      `${notWritten === undefined ? 'Check the up and down of the migration' : 'Edit the migration and delete its notWritten lines'}, then: ff db migrate${scopeFlags(runtime.common)} --dry-run`,
    ].join('\n'),
    exitCode: EXIT.done,
    effect: 'changed',
  });
}
