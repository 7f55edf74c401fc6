// Loads a TypeScript source of the repository into a tool, without a build of it.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Sources look for files beside themselves, also when they are bundled. */
const keepFolders = {
  name: 'keep-folders',
  setup({ onLoad }) {
    onLoad({ filter: /packages[\\/](migrator|cli)[\\/]src[\\/].*\.ts$/ }, ({ path }) => ({
      contents: `const __dirname = ${JSON.stringify(dirname(path))};\n${readFileSync(path, 'utf8')}`,
      loader: 'ts',
    }));
  },
};

/**
 * @param {string} path relative to the repository, e.g. `packages/migrator/src/testing/embedded-server.ts`
 * @returns {Promise<Record<string, any>>} what it exports
 */
export async function loadSource(path) {
  // Inside the workspace, so that the packages it needs are found.
  const folder = mkdtempSync(join(root, 'node_modules', '.source-'));
  try {
    const outfile = join(folder, basename(path).replace(/\.ts$/, '.cjs'));
    await build({
      entryPoints: [join(root, path)],
      outfile,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'cjs',
      logLevel: 'error',
      plugins: [keepFolders],
    });
    return createRequire(import.meta.url)(outfile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
