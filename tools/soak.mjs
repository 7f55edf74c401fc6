/**
 * `node tools/soak.mjs --minutes=3 --seed=1`: random migrations, commands and faults against a real Postgres, with real `ff`
 * processes among the runners; after each command, schema and history must agree. Ends with 1 if anything was lost. Not a
 * part of `npm test`. Wants `npm run build` first.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    major: { type: 'string', default: '18' },
  },
});
const options = Object.fromEntries(
  Object.entries(values).map(([name, text]) => {
    const number = Number(text);
    if (!(number >= 0)) throw new Error(`--${name} takes a number, not ${text}.`);
    return [name, number];
  }),
);

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

// Inside the workspace, so that the packages it needs are found.
const folder = mkdtempSync(join(root, 'node_modules', '.soak-'));
try {
  const outfile = join(folder, 'soak.cjs');
  await build({
    entryPoints: [join(root, 'packages/migrator/src/testing/faults/soak.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
    plugins: [keepFolders],
  });
  const { soak } = createRequire(import.meta.url)(outfile);
  console.log(`Postgres ${options.major}, ${options.minutes} minutes, seed ${options.seed}`);
  const { scenarios, commands, faults, lost } = await soak({ ...options, say: console.log });
  console.log(`scenarios  ${scenarios}`);
  console.log(`commands   ${commands}`);
  for (const kind of Object.keys(faults).sort()) console.log(`${kind.padEnd(18)} ${faults[kind]}`);
  console.log(`lost       ${lost.length}`);
  for (const what of lost) console.log(`  ${what}`);
  process.exitCode = lost.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
