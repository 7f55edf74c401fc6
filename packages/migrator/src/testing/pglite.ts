import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The data folder of an embedded database that only one suite uses. */
export interface PgliteFolder {
  readonly folder: string;
  readonly url: string;
  remove(): Promise<void>;
}

/**
 * A new, empty embedded database. Copied from one that is made once for each version of PGlite, which takes a tenth of the
 * time of making one.
 */
export async function createPgliteFolder(): Promise<PgliteFolder> {
  const parent = await mkdtemp(join(tmpdir(), 'flashfusion-pglite-'));
  const folder = join(parent, 'data');
  await cp(await template(), folder, { recursive: true });
  return {
    folder,
    url: `pglite:${folder}`,
    remove: () => rm(parent, { recursive: true, force: true }),
  };
}

async function template(): Promise<string> {
  const main = require.resolve('@electric-sql/pglite');
  const manifest = join(dirname(main), '..', 'package.json');
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  const modules = main.slice(0, main.lastIndexOf('node_modules') + 'node_modules'.length);
  const cache = join(modules, '.cache', 'flashfusion');
  const folder = join(cache, `pglite-${version}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const unfinished = join(cache, `unfinished-${randomUUID()}`);
  const { PGlite } = await import('@electric-sql/pglite');
  const pglite = await PGlite.create(unfinished);
  await pglite.close();
  // Another worker may have been faster; theirs is as good as ours.
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true, force: true }));
  return folder;
}
