// What the plugin adds to the project graph: `nx show projects` with and without it, in one run, alternating.
//
//   npm run build && node tools/bench-graph.mjs [--rounds=7] [--projects=200] [--migrations=50]
//
// cold: after `nx reset`, without the daemon. warm: with what the run before has left, without the daemon.
// daemon: with Nx's background process, as on a developer's machine, nothing changed since the run before.
//
// The same files lie in three workspaces that differ in one line of nx.json. Nx starts a process of its own for each plugin
// and hands it the map of all files, so the third one has an empty plugin with the same hooks: what it adds is Nx's own
// price of any plugin, and the rest is ours. Medians of rounds that take turns; the machine should be idle.

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
const TARGETS = { cold: 150, warm: 20, daemon: 20 };
/** One project in so many names a migration of the project before it. */
const EVERY = 10;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
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
  report('cold', measure({ daemon: 'false', before: 'reset' }));
  report('warm', measure({ daemon: 'false', before: 'nothing' }));
  report('daemon', measure({ daemon: 'true', before: 'nothing' }));
} finally {
  for (const root of started) nx(root, 'true', 'daemon', '--stop');
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
  const shown = JSON.parse(nx(workspaces.with, 'false', 'show', 'project', 'p10', '--json'));
  const order = JSON.stringify(shown.targets?.migrate?.dependsOn ?? []);
  if (projects > EVERY && !order.includes('"p9"')) {
    throw new Error(`The plugin did not do its work: ${JSON.stringify(shown)}`);
  }
}

/** Durations in ms of each workspace, taken in turns so that both see the same machine. */
function measure({ daemon, before }) {
  const taken = { without: [], empty: [], with: [] };
  for (let round = -1; round < rounds; round += 1) {
    const kinds = Object.keys(taken);
    if (round % 2 === 0) kinds.reverse();
    for (const kind of kinds) {
      if (before === 'reset') nx(workspaces[kind], 'false', 'reset');
      const start = process.hrtime.bigint();
      nx(workspaces[kind], daemon, 'show', 'projects');
      const ms = Number(process.hrtime.bigint() - start) / 1e6;
      if (round >= 0) taken[kind].push(ms); // the first one fills the caches
    }
  }
  return taken;
}

function nx(root, daemon, ...args) {
  if (daemon === 'true') started.add(root);
  const { NODE_OPTIONS: _options, ...inherited } = process.env;
  const env = Object.fromEntries(Object.entries(inherited).filter(([name]) => !/^NX_/.test(name)));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(REPOSITORY, 'node_modules/nx/dist/bin/nx.js'), ...args],
    {
      cwd: root,
      env: { ...env, NX_DAEMON: daemon, NX_NO_CLOUD: 'true', NX_TUI: 'false', NO_COLOR: '1' },
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (status !== 0) throw new Error(`nx ${args.join(' ')} exited ${status}:\n${stdout}${stderr}`);
  return stdout;
}

function report(name, taken) {
  const {
    without,
    empty,
    with: plugin,
  } = Object.fromEntries(Object.entries(taken).map(([kind, list]) => [kind, median(list)]));
  const ms = (value) => `${value.toFixed(0)} ms`;
  console.log(
    `${name.padEnd(7)} without ${ms(without)}, empty plugin ${ms(empty)}, with ${ms(plugin)}: ` +
      `adds ${ms(plugin - without)} (target < ${TARGETS[name]}), ${ms(plugin - empty)} of them our own work`,
  );
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
