import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative, sep } from 'node:path';
import {
  builtFiles,
  reachableFrom,
  readModule,
  relativeImports,
  type ModuleFacts,
} from './testing/import-graph';

const packages = join(__dirname, '..', '..');
const engine = join(packages, 'migrator', 'src');

/** What a pure room may use from outside. */
const PURE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  plan: ['fastest-levenshtein'],
  report: ['fastest-levenshtein'],
  text: [],
};

/** Clocks, chance, and the world outside. */
const IMPURE_NAMES = [
  'process',
  'console',
  'fetch',
  'performance',
  'crypto',
  'globalThis',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'Date.now',
  'new Date()',
  'Math.random',
  '__dirname',
  '__filename',
];

const NX = /^(nx|@nx|@nrwl)(\/|$)/;
const TERMINAL =
  /^(ora|picocolors|chalk|kleur|ansis|commander|yargs|prompts|enquirer|inquirer|@inquirer\/.*|@clack\/.*|log-update|cli-.*|(node:)?(readline|tty|repl)(\/.*)?)$/;

describe.each(Object.entries(PURE_PACKAGES))('the room %s/', (room, allowed) => {
  const modules = reachableFrom(builtFiles(join(engine, room)));

  it('has files at all', () => expect(modules.length).toBeGreaterThan(5));

  it('reaches no package but those that compute', () => {
    const packagesOf = ({ imports }: ModuleFacts) =>
      imports.filter((specifier) => !specifier.startsWith('.') && !allowed.includes(specifier));
    expect(offenders(modules, packagesOf)).toEqual([]);
  });

  it('reaches no file system, database, process, clock or chance', () => {
    const impure = ({ names }: ModuleFacts) => IMPURE_NAMES.filter((name) => names.has(name));
    expect(offenders(modules, impure)).toEqual([]);
  });

  it('reaches no room that runs, reads or writes', () => {
    const rooms = new Set(modules.map(({ path }) => relative(engine, path).split(sep)[0]));
    for (const other of [
      'run',
      'database',
      'history',
      'source',
      'config',
      'scaffold',
      'agent.ts',
    ]) {
      expect(rooms).not.toContain(other);
    }
  });
});

describe('the engine', () => {
  const modules = builtFiles(engine).map(readModule);

  it('knows nothing of Nx', () => {
    expect(offenders(modules, ({ imports }) => imports.filter((name) => NX.test(name)))).toEqual(
      [],
    );
  });

  it('knows nothing of a terminal', () => {
    const terminal = ({ imports }: ModuleFacts) => imports.filter((name) => TERMINAL.test(name));
    expect(offenders(modules, terminal)).toEqual([]);
  });

  it('depends on no package of the repo', () => {
    const own = ({ imports }: ModuleFacts) =>
      imports.filter((name) => name.startsWith('@flashfusion/'));
    expect(offenders(modules, own)).toEqual([]);
  });

  it('never leaves its own folder', () => {
    expect(offenders(modules, (module) => outside(module, engine))).toEqual([]);
  });
});

describe.each(['db', 'cli'])('the package %s', (name) => {
  const folder = join(packages, name, 'src');
  const modules = builtFiles(folder).map(readModule);

  it('enters the engine by its public doors only', () => {
    const doors = publicDoors('migrator');
    const sideways = ({ imports }: ModuleFacts) =>
      imports.filter((specifier) => specifier.startsWith('@flashfusion/') && !doors.has(specifier));
    expect(offenders(modules, sideways)).toEqual([]);
  });

  it('never leaves its own folder', () => {
    expect(offenders(modules, (module) => outside(module, folder))).toEqual([]);
  });

  it('names every package that it loads in its package.json', () => {
    const { dependencies = {}, peerDependencies = {} } = manifest(name);
    const known = new Set([
      ...Object.keys({ ...dependencies, ...peerDependencies }),
      ...builtinModules,
    ]);
    const unknown = ({ imports }: ModuleFacts) =>
      imports.filter((specifier) => /^[^.]/.test(specifier) && !known.has(packageOf(specifier)));
    expect(offenders(modules, unknown)).toEqual([]);
  });
});

it('a boundary that is crossed is noticed', () => {
  const { imports, names } = readModule(join(engine, 'testing', 'import-graph.ts'));
  expect(imports).toEqual(expect.arrayContaining(['node:fs', 'node:path', 'typescript']));
  expect(readModule(__filename).names).toContain('__dirname');
  expect(names).not.toContain('process');
});

/** `file: what it does wrong`, of every module that does. */
function offenders(
  modules: readonly ModuleFacts[],
  wrongs: (module: ModuleFacts) => readonly string[],
): string[] {
  return modules.flatMap((module) =>
    wrongs(module).map((wrong) => `${relative(packages, module.path)}: ${wrong}`),
  );
}

function outside(module: ModuleFacts, folder: string): string[] {
  // A package may read its own manifest.
  return relativeImports(module).filter(
    (path) => !path.startsWith(folder + sep) && path !== join(folder, '..', 'package.json'),
  );
}

function packageOf(specifier: string): string {
  const bare = specifier.replace(/^node:/, '');
  const parts = bare.split('/');
  return bare.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? bare);
}

function publicDoors(name: string): ReadonlySet<string> {
  const entries = Object.keys(manifest(name).exports ?? {});
  return new Set(entries.map((entry) => `@flashfusion/${name}${entry.slice(1)}`));
}

function manifest(name: string): {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
} {
  return JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));
}
