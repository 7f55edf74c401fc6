import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { REPOSITORY } from './packed';
import { mustRun, run, type Finished } from './run';

/** Programs of somebody who installed the engine: with what it depends on, and without the types of `pg`. */
export interface Consumer {
  /** Type-checks a program, and the types that it is given as well. */
  compile(program: Program, moduleResolution: 'node16' | 'bundler'): Promise<Finished>;
  remove(): void;
}

/** `application`: with the types of Node and a pool of its own. `migration`: with neither. */
export type Program = 'application' | 'migration';

const MIGRATION = `
import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20250917102200',
  name: 'create_teams',
  async up(db) {
    await db.query('CREATE TABLE teams (id int)');
  },
});
`;

const APPLICATION = `
import { defineConfig, defineMigration, MigrationAgent, type ClientPool } from '@flashfusion/migrator';
import { parseMigrationId } from '@flashfusion/migrator/graph';
import { Pool } from './pool.js';

export const config = defineConfig({
  environments: { development: { url: 'pglite:.data/development' }, production: { protected: true } },
});

export const migration = defineMigration({
  version: '20250917102200',
  name: 'create_teams',
  async up(db) {
    await db.query('CREATE TABLE teams (id int)');
    return { tables: ['teams'] };
  },
  async down(db, _agent, data) {
    for (const table of data.tables) await db.query(\`DROP TABLE \${table.toLowerCase()}\`);
  },
});

export async function deploy(): Promise<string[]> {
  const agents = await MigrationAgent.load({ projectRoot: '.', connection: new Pool() });
  const results = await Promise.all(agents.map((agent) => agent.migrate()));
  return results.map((result) => parseMigrationId(result.done[0]!.id).version);
}

// @ts-expect-error: were a type of it missing, anything would be a pool.
export const noPool: ClientPool = { connect: 1 };
// @ts-expect-error: nor is a client that cannot be given back.
export const noClient: ClientPool = { connect: async () => ({ query: async () => ({ rows: [] }) }) };
`;

/** Shaped as `pg` and its types are. */
const POOL = `
import { EventEmitter } from 'node:events';

export interface QueryResult<Row> { rows: Row[]; rowCount: number | null; command: string; oid: number }
export declare class Client extends EventEmitter {
  query<Row = any>(query: string | { text: string; values?: any[] }, values?: any[]): Promise<QueryResult<Row>>;
  query(query: string, done: (error: Error) => void): void;
  release(error?: Error | boolean): void;
}
export declare class Pool extends EventEmitter {
  connect(): Promise<Client>;
  connect(done: (error: Error | undefined, client: Client | undefined) => void): void;
}
`;

/** Unpacks a tarball of the engine where a consumer's `node_modules` has it. */
export async function createConsumer(tarball: string): Promise<Consumer> {
  const folder = mkdtempSync(join(tmpdir(), 'flashfusion-consumer-'));
  const modules = join(folder, 'node_modules');
  const engine = join(modules, '@flashfusion', 'migrator');
  mkdirSync(engine, { recursive: true });
  await mustRun('tar', ['-xzf', tarball, '-C', engine, '--strip-components=1'], { cwd: folder });
  const { dependencies } = JSON.parse(readFileSync(join(engine, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>;
  };
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(REPOSITORY, 'node_modules', name), join(modules, name), 'junction');
  }
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "type": "commonjs" }');
  writeFileSync(join(folder, 'application.ts'), APPLICATION);
  writeFileSync(join(folder, 'migration.ts'), MIGRATION);
  writeFileSync(join(folder, 'pool.ts'), POOL);

  return {
    compile(program, moduleResolution) {
      const compilerOptions = {
        target: 'es2022',
        module: moduleResolution === 'bundler' ? 'esnext' : 'node16',
        moduleResolution,
        types: program === 'application' ? ['node'] : [],
        strict: true,
        skipLibCheck: false,
        noEmit: true,
      };
      const config = { compilerOptions, files: [`${program}.ts`] };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const tsc = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
      return run(process.execPath, [tsc, '-p', '.'], { cwd: folder });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
