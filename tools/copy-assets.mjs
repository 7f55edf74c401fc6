// Copies what tsc leaves behind from packages/*/src to packages/*/dist: the SQL and JSON files that are read at run time, the hand-written schema.d.ts beside them,
// and the templates of generators (in folders named "files"). Tests, fixtures and test helpers stay where they are.
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const asset = /\.(sql|json)$|[\\/]schema\.d\.ts$|[\\/]files[\\/].*\./;
const notShipped = /\.spec\.|(^|[\\/])(testing|fixtures|__snapshots__|node_modules)([\\/]|$)/;

for (const name of await readdir(join(root, 'packages'))) {
  const source = join(root, 'packages', name, 'src');
  for (const file of await readdir(source, { recursive: true }).catch(() => [])) {
    if (!asset.test(file) || notShipped.test(file)) continue;
    const target = join(root, 'packages', name, 'dist', file);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(source, file), target);
  }
}
