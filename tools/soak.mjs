/**
 * `node tools/soak.mjs --faults=1000 --seed=1`: random migrations, commands and faults against a real Postgres, with real `ff`
 * processes among the runners. After each command, database and history must agree. Stops after so many faults, minutes or
 * runs (scenarios), whichever is first. The exit code is 1 if anything was lost. Not a part of `npm test`. Needs
 * `npm run build`.
 */
import { parseArgs } from 'node:util';
import { loadSource } from './load-source.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    faults: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    lanes: { type: 'string', default: '2' },
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
console.log(`Postgres ${options.major}, ${options.faults} faults, seed ${options.seed}`);
const started = performance.now();
const { scenarios, commands, faults, hazards, lost } = await soak({ ...options, say: console.log });
const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);
const print = (name, value) => console.log(`${name.padEnd(56)} ${String(value).padStart(5)}`);
print('minutes', ((performance.now() - started) / 60_000).toFixed(1));
print('scenarios', scenarios);
print('commands', commands);
print('faults', sum(faults));
for (const kind of Object.keys(faults).sort()) print(`  ${kind}`, faults[kind]);
print('hazards', sum(hazards));
for (const kind of Object.keys(hazards).sort()) print(`  ${kind}`, hazards[kind]);
print('lost', lost.length);
for (const what of lost) console.log(`  ${what}`);
process.exitCode = lost.length > 0 ? 1 : 0;
