// What `ff db` takes on a Postgres of its own, as a multiple of bare node + pg doing the same statements.
//
//   npm run build && node tools/bench-run.mjs [--rounds=5] [--migrations=1000]
//
// apply:   all migrations, a transaction each. nothing: nothing pending, all applied. status: the same, as a table.
//
// Whole processes, medians of rounds that take turns. The bare program begins a transaction, runs the statement, writes a row
// and commits, for each migration; with nothing pending it connects and reads the rows.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadSource } from './load-source.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    migrations: { type: 'string', default: '1000' },
    major: { type: 'string', default: '18' },
  },
});
const rounds = Number(values.rounds);
const migrations = Number(values.migrations);

const { startServer } = await loadSource('packages/migrator/src/testing/embedded-server.ts');
const folder = mkdtempSync(join(tmpdir(), 'flashfusion-bench-'));
const server = await startServer(Number(values.major));
try {
  writeProject();
  const taken = { apply: { bare: [], ff: [] }, nothing: { bare: [], ff: [] }, status: { ff: [] } };
  for (let round = -1; round < rounds; round += 1) {
    const keep = (list, ms) => round >= 0 && list.push(ms); // the first round fills the caches
    for (const kind of ['bare', 'ff']) {
      bare('reset');
      keep(taken.apply[kind], kind === 'bare' ? bare('apply') : ff('migrate'));
      keep(taken.nothing[kind], kind === 'bare' ? bare('apply') : ff('migrate'));
      if (kind === 'ff') keep(taken.status.ff, ff('status'));
    }
  }
  console.log(
    `${migrations} migrations, ${rounds} rounds, Postgres ${values.major}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}\n`,
  );
  report('apply', taken.apply.bare, taken.apply.ff);
  report('nothing', taken.nothing.bare, taken.nothing.ff);
  report('status', taken.nothing.bare, taken.status.ff);
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

function writeProject() {
  mkdirSync(join(folder, 'migrations'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  write('package.json', JSON.stringify({ name: 'bench', private: true }));
  write(
    'db.config.json',
    JSON.stringify({ environments: { development: { url: { env: 'BENCH_URL' } } } }),
  );
  for (let number = 0; number < migrations; number += 1) {
    write(
      `migrations/${version(number)}_create_table_${number}.ts`,
      `import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '${version(number)}',
  name: 'create_table_${number}',
  description: 'Creates table ${number}',
  async up(db) {
    await db.query('${statement(number)}');
    return { tables: ['table_${number}'] };
  },
  async down(db, agent, { tables }) {
    for (const table of tables) await db.query(\`DROP TABLE \${table}\`);
  },
});
`,
    );
  }
  write(
    'bare.cjs',
    `const { Client } = require('pg');
const statement = ${statement.toString()};
(async () => {
  const client = new Client({ connectionString: process.env.BENCH_URL });
  await client.connect();
  if (process.argv[2] === 'reset') {
    await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  } else {
    await client.query('CREATE TABLE IF NOT EXISTS bare_history (version int PRIMARY KEY, at timestamptz DEFAULT now())');
    const { rows } = await client.query('SELECT version FROM bare_history');
    const done = new Set(rows.map(({ version }) => version));
    for (let number = 0; number < ${migrations}; number += 1) {
      if (done.has(number)) continue;
      await client.query('BEGIN');
      await client.query(statement(number));
      await client.query('INSERT INTO bare_history (version) VALUES ($1)', [number]);
      await client.query('COMMIT');
    }
  }
  await client.end();
})();
`,
  );
}

function statement(number) {
  return `CREATE TABLE table_${number} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)`;
}

function version(number) {
  const time = new Date(Date.UTC(2025, 0, 1) + number * 1000).toISOString();
  return time.replace(/\D/g, '').slice(0, 14);
}

function write(path, content) {
  writeFileSync(join(folder, path), content);
}

function bare(what) {
  return run(join(folder, 'bare.cjs'), what);
}

function ff(command) {
  return run(join(root, 'packages/cli/bin/ff.js'), 'db', command);
}

/** @returns milliseconds */
function run(...args) {
  const start = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, BENCH_URL: server.url, NODE_ENV: 'development' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0)
    throw new Error(`${args.join(' ')} exited ${status}:\n${stdout}${stderr}`.slice(0, 4000));
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function report(name, floor, ours) {
  const ratios = ours.map((ms, round) => ms / floor[round]);
  console.log(
    `${name.padEnd(8)} bare ${median(floor).toFixed(0)} ms, ff ${median(ours).toFixed(0)} ms: × ${median(ratios).toFixed(2)}`,
  );
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
