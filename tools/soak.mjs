/**
 * `node tools/soak.mjs --minutes=3 --seed=1`: random migrations, commands and faults against a real Postgres, with real `ff`
 * processes among the runners; after each command, schema and history must agree. Ends with 1 if anything was lost. Not a
 * part of `npm test`. Wants `npm run build` first.
 */
import { parseArgs } from 'node:util';
import { loadSource } from './load-source.mjs';

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

const { soak } = await loadSource('packages/migrator/src/testing/faults/soak.ts');
console.log(`Postgres ${options.major}, ${options.minutes} minutes, seed ${options.seed}`);
const { scenarios, commands, faults, lost } = await soak({ ...options, say: console.log });
console.log(`scenarios  ${scenarios}`);
console.log(`commands   ${commands}`);
for (const kind of Object.keys(faults).sort()) console.log(`${kind.padEnd(18)} ${faults[kind]}`);
console.log(`lost       ${lost.length}`);
for (const what of lost) console.log(`  ${what}`);
process.exitCode = lost.length > 0 ? 1 : 0;
