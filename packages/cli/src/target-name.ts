import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The commands that connect to a database. */
export type DatabaseCommand = 'migrate' | 'status' | 'rollback' | 'baseline' | 'repair';

interface PluginEntry {
  readonly plugin?: unknown;
  readonly options?: Readonly<Record<string, unknown>>;
}

/**
 * The name of a command's Nx target: the command's own, unless the plugin's options in nx.json rename it. Files such as
 * `.env.migrate` have the name of the target.
 *
 * @param workspaceRoot absolute
 */
export async function targetNameOf(
  command: DatabaseCommand,
  workspaceRoot: string,
): Promise<string> {
  const option = `${command}TargetName`;
  const text = await readFile(join(workspaceRoot, 'nx.json'), 'utf8').catch(() => '');
  if (!text.includes(option)) return command;
  const { parse } = await import('jsonc-parser');
  const { plugins } = (parse(text) ?? {}) as { readonly plugins?: unknown };
  for (const entry of (Array.isArray(plugins) ? plugins : []) as readonly PluginEntry[]) {
    const name = entry.plugin === '@flashfusion/db' ? entry.options?.[option] : undefined;
    if (typeof name === 'string' && name !== '') return name;
  }
  return command;
}
