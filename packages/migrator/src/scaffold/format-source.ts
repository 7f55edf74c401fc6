import { createRequire } from 'node:module';
import { join } from 'node:path';

type Prettier = Pick<typeof import('prettier'), 'format' | 'resolveConfig'>;

/**
 * Formats a new file as the project would: with the Prettier and the settings found from where it will be. Where there is
 * no Prettier, or it fails, the text stays as it is, which is no reason to fail.
 *
 * @param source text of the file
 * @param path where it will be, absolute
 * @param projectRoot where Prettier is looked for
 */
export async function formatSource(
  source: string,
  path: string,
  projectRoot: string,
): Promise<string> {
  try {
    const load = createRequire(join(projectRoot, 'package.json'));
    const prettier = load('prettier') as Prettier;
    const settings = await prettier.resolveConfig(path, { editorconfig: true });
    return await prettier.format(source, { ...settings, filepath: path });
  } catch {
    return source;
  }
}
