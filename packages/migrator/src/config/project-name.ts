import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** A text at a path of keys in a JSON file; `undefined` when the file or the key is not there or is something else. */
async function textIn(
  path: string,
  keys: readonly (readonly string[])[],
): Promise<string | undefined> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
  for (const key of keys) {
    const text = key.reduce<unknown>((node, name) => {
      return typeof node === 'object' && node !== null
        ? (node as Record<string, unknown>)[name]
        : undefined;
    }, value);
    if (typeof text === 'string' && text !== '') return text;
  }
  return undefined;
}

/**
 * The name that Nx and npm know a project by: `name` in project.json, else `nx.name` or `name` in package.json, else the
 * name of its folder.
 *
 * @param projectRoot absolute folder of the project
 */
export async function findProjectName(projectRoot: string): Promise<string> {
  return (
    (await textIn(join(projectRoot, 'project.json'), [['name']])) ??
    (await textIn(join(projectRoot, 'package.json'), [['nx', 'name'], ['name']])) ??
    basename(projectRoot)
  );
}
