import { relative } from 'node:path';
import { generateMigration } from '@flashfusion/migrator';
import { parseList } from '../arguments';
import { EXIT } from '../exit-code';
import { singleOutcome, type Outcome } from '../outcome';
import { projectOf, scopeFlags, type Runtime } from '../runtime';

export interface GenerateFlags {
  /** Names, versions or `project:name`, with commas between them. */
  readonly dependencies?: string;
}

/** `ff db generate`: writes a new typed migration. Needs no database. */
export async function generate(
  name: string,
  description: string | undefined,
  flags: GenerateFlags,
  runtime: Runtime,
): Promise<Outcome> {
  const { path, version, fileName, dependencies, notWritten } = await generateMigration({
    ...(await projectOf(runtime)),
    name,
    description,
    dependencies: parseList(flags.dependencies ?? ''),
  });
  return singleOutcome({
    document: { path, version, fileName, dependencies, notWritten },
    text: [
      `Created ${relative(runtime.surroundings.cwd, path)}`,
      ...(notWritten === undefined
        ? []
        : [`It is a placeholder, which no command runs. ${notWritten}`]),
      `${notWritten === undefined ? 'Check its up and down' : 'Edit it and delete its notWritten lines'}, then: ff db migrate${scopeFlags(runtime.common)} --dry-run`,
    ].join('\n'),
    exitCode: EXIT.done,
    effect: 'changed',
  });
}
