// What the plugin adds to the project graph: `nx show projects` with and without it, in one run, alternating.
//
//   npm run build && node tools/bench-graph.mjs [--rounds=15] [--projects=200] [--migrations=50]
//
// cold: after `nx reset`, without the daemon, as in CI. warm: with what the run before has left. With the daemon, which is
// what warm means on a developer's machine, and without it.
//
// The same files lie in three workspaces that differ in one line of nx.json. Nx starts a process of its own for each plugin
// and hands it the map of all files, so the third one has an empty plugin with the same hooks: what it adds is Nx's own
// price of any plugin, and the rest is ours. With NX_ISOLATE_PLUGINS=false Nx spares that process, and what is left is what
// the plugin costs by itself. Medians of the differences in rounds that take turns; the machine should be idle.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const REPOSITORY = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const TARGETS = { cold: 150, warm: 20 };
/** One project in so many names a migration of the project before it. */
const EVERY = 10;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    projects: { type: 'string', default: '200' },
    migrations: { type: 'string', default: '50' },
  },
});
const rounds = Number(values.rounds);
const projects = Number(values.projects);
const migrations = Number(values.migrations);

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flashfusion-bench-')));
const KINDS = { without: [], empty: ['empty-plugin'], with: ['@flashfusion/db'] };
const workspaces = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, join(folder, kind)]));
const started = new Set();

try {
  for (const [kind, root] of Object.entries(workspaces)) writeWorkspace(root, KINDS[kind]);
  checkPlugin();
  console.log(
    `${projects} projects × ${migrations} migrations, ${rounds} rounds, Node ${process.version}, ` +
      `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}\n`,
  );
  const inProcess = { NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false' };
  report('warm', 'daemon', measure({ env: { NX_DAEMON: 'true' }, before: 'nothing' }));
  report('cold', 'no daemon', measure({ env: { NX_DAEMON: 'false' }, before: 'reset' }));
  report('warm', 'no daemon', measure({ env: { NX_DAEMON: 'false' }, before: 'nothing' }));
  report('cold', 'no daemon, one process', measure({ env: inProcess, before: 'reset' }));
  report('warm', 'no daemon, one process', measure({ env: inProcess, before: 'nothing' }));
} finally {
  for (const root of started) nx(root, { NX_DAEMON: 'true' }, 'daemon', '--stop');
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

function writeWorkspace(root, plugins) {
  write(root, 'nx.json', {
    analytics: false,
    neverConnectToCloud: true,
    plugins,
  });
  write(root, 'package.json', { name: 'bench', private: true });
  write(root, '.gitignore', 'node_modules\n.nx\n');
  linkPackages(root);
  for (let project = 0; project < projects; project += 1) writeProject(root, project);
  execFileSync('git', ['init', '--quiet'], { cwd: root });
}

/** This repository's packages, and the empty plugin. */
function linkPackages(root) {
  const link = (name) => {
    const place = join(root, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(REPOSITORY, 'node_modules', name), place);
  };
  for (const name of readdirSync(join(REPOSITORY, 'node_modules'))) {
    if (name.startsWith('.')) continue;
    if (!name.startsWith('@')) link(name);
    else
      for (const one of readdirSync(join(REPOSITORY, 'node_modules', name))) link(`${name}/${one}`);
  }
  write(root, 'node_modules/empty-plugin/package.json', { name: 'empty-plugin', main: 'index.js' });
  write(
    root,
    'node_modules/empty-plugin/index.js',
    `exports.name = 'empty-plugin';
exports.createNodes = ['**/db.config.{ts,mts,cts,js,mjs,cjs,json}', (files) => files.map((file) => [file, {}])];
exports.createNodesV2 = exports.createNodes;
exports.createDependencies = () => [];
exports.preTasksExecution = () => {};
`,
  );
}

function writeProject(root, project) {
  const home = `libs/p${project}`;
  write(root, `${home}/project.json`, { name: `p${project}` });
  write(
    root,
    `${home}/db.config.ts`,
    `import { defineConfig } from '@flashfusion/migrator';

export default defineConfig({
  environments: {
    development: { url: 'pglite:.data/development' },
    staging: { url: { env: 'STAGING_DATABASE_URL' } },
    production: { url: { env: 'PRODUCTION_DATABASE_URL' }, protected: true },
  },
});
`,
  );
  const foreign = project > 0 && project % EVERY === 0;
  for (let number = 0; number < migrations; number += 1) {
    const needed = number > 0 ? [`'${version(number - 1)}'`] : [];
    if (foreign && number === migrations - 1) needed.push(`'p${project - 1}:${version(0)}'`);
    write(
      root,
      `${home}/migrations/${version(number)}_create_table_${number}.ts`,
      migration(number, needed),
    );
  }
}

function version(number) {
  return String(20250101000000 + number);
}

function migration(number, dependencies) {
  return `import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '${version(number)}',
  name: 'create_table_${number}',
  description: 'Creates table ${number}',
  dependencies: [${dependencies.join(', ')}],

  async up(db) {
    await db.query(\`
      CREATE TABLE table_${number} (
        id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name       text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )
    \`);
    return { tables: ['table_${number}'] };
  },

  async down(db, agent, rollbackData) {
    for (const table of rollbackData.tables) await db.query(\`DROP TABLE \${table}\`);
  },

  async validate(db) {
    const { rows } = await db.query("SELECT to_regclass('table_${number}') IS NOT NULL AS there");
    return rows[0]?.there === true;
  },
});
`;
}

function write(root, path, content) {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
}

/** A benchmark of a plugin that Nx did not load would look splendid. */
function checkPlugin() {
  const shown = JSON.parse(
    nx(workspaces.with, { NX_DAEMON: 'false' }, 'show', 'project', 'p10', '--json'),
  );
  const order = JSON.stringify(shown.targets?.migrate?.dependsOn ?? []);
  if (projects > EVERY && !order.includes('"p9"')) {
    throw new Error(`The plugin did not do its work: ${JSON.stringify(shown)}`);
  }
}

/** Durations in ms of each workspace, taken in turns so that both see the same machine. */
function measure({ env, before }) {
  const taken = { without: [], empty: [], with: [] };
  for (let round = -1; round < rounds; round += 1) {
    const kinds = Object.keys(taken);
    if (round % 2 === 0) kinds.reverse();
    for (const kind of kinds) {
      if (before === 'reset') nx(workspaces[kind], { NX_DAEMON: 'false' }, 'reset');
      const start = process.hrtime.bigint();
      nx(workspaces[kind], env, 'show', 'projects');
      const ms = Number(process.hrtime.bigint() - start) / 1e6;
      if (round >= 0) taken[kind].push(ms); // the first one fills the caches
    }
  }
  return taken;
}

function nx(root, variables, ...args) {
  if (variables.NX_DAEMON === 'true') started.add(root);
  const { NODE_OPTIONS: _options, ...inherited } = process.env;
  const env = Object.fromEntries(Object.entries(inherited).filter(([name]) => !/^NX_/.test(name)));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(REPOSITORY, 'node_modules/nx/dist/bin/nx.js'), ...args],
    {
      cwd: root,
      env: { ...env, NX_NO_CLOUD: 'true', NX_TUI: 'false', NO_COLOR: '1', ...variables },
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (status !== 0) throw new Error(`nx ${args.join(' ')} exited ${status}:\n${stdout}${stderr}`);
  return stdout;
}

function report(name, how, taken) {
  const ms = (value) => `${value.toFixed(0)} ms`;
  // Of each round, so that a machine that becomes slower for a while slows both sides of a difference.
  const added = (from) => median(taken.with.map((value, round) => value - taken[from][round]));
  console.log(
    `${name}, ${how}:`.padEnd(30) +
      `without ${ms(median(taken.without))}, empty plugin ${ms(median(taken.empty))}, with ${ms(median(taken.with))}: ` +
      `adds ${ms(added('without'))} (target < ${TARGETS[name]}), ${ms(added('empty'))} of them our own`,
  );
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
