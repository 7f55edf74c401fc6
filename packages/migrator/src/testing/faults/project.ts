import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MigrationAgent } from '../../agent';
import type { RunEvent } from '../../run/events';

/** A migration of a test, as SQL. */
export interface SqlMigration {
  readonly version: string;
  readonly name: string;
  /** Each is sent by `db.query`, one after the other; or all of them by `db.script`. */
  readonly up: readonly string[];
  readonly send?: 'query' | 'script';
  readonly down?: readonly string[];
  /** A query whose first column says whether the migration is valid. */
  readonly validate?: string;
  readonly dependencies?: readonly string[];
  readonly transaction?: boolean;
  readonly lockTimeout?: string | number;
  readonly statementTimeout?: string | number;
}

/** A project on disk, with migrations and a configuration of its own. */
export interface TestProject {
  readonly name: string;
  /** Its folder. */
  readonly root: string;
  /** Everything that its agents told, in order. */
  readonly events: readonly RunEvent[];
  /** An agent on it; the environment is `test`. */
  agent(options?: { readonly signal?: AbortSignal }): Promise<MigrationAgent>;
  /** The next event of that type, or the first there was. */
  event<T extends RunEvent['type']>(type: T): Promise<Extract<RunEvent, { type: T }>>;
  write(...migrations: readonly SqlMigration[]): void;
  /** Replaces the keys of `db.config.json` beside the environments. `project` is the project's name unless it is among them. */
  configure(configuration: Readonly<Record<string, unknown>>): void;
  remove(): void;
}

export interface TestProjectOptions {
  readonly url: string;
  readonly name?: string;
  /** A folder that does not exist. A folder of its own when absent. */
  readonly root?: string;
  readonly migrations: readonly SqlMigration[];
  /** Keys of `db.config.json` beside the environments. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** Keys of the environment in `db.config.json`. */
  readonly environment?: Readonly<Record<string, unknown>>;
}

/** Writes a project into a folder of its own. */
export function createProject(options: TestProjectOptions): TestProject {
  const { url, name = 'shop', migrations, configuration = {}, environment } = options;
  const root = options.root ?? realpathSync(mkdtempSync(join(tmpdir(), `flashfusion-${name}-`)));
  const folder = join(root, 'migrations');
  mkdirSync(folder, { recursive: true });
  // No lock timeout unless the test is about it: gates are locks, too.
  const test = { url, lockTimeout: 0, ...environment };
  const configure = (keys: Readonly<Record<string, unknown>>) =>
    writeFileSync(
      join(root, 'db.config.json'),
      JSON.stringify({ project: name, ...keys, environments: { test } }),
    );
  configure(configuration);
  const events: RunEvent[] = [];
  const listeners = new Set<(event: RunEvent) => void>();
  const onEvent = (event: RunEvent) => {
    events.push(event);
    for (const listener of listeners) listener(event);
  };
  const write = (...more: readonly SqlMigration[]) => {
    for (const migration of more) {
      const file = `${migration.version}_${migration.name}.js`;
      writeFileSync(join(folder, file), sourceOf(migration));
    }
  };
  write(...migrations);
  return {
    name,
    root,
    events,
    write,
    configure,
    async agent({ signal } = {}) {
      const [agent] = await MigrationAgent.load({
        projectRoot: root,
        environment: 'test',
        env: {},
        onEvent,
        signal,
      });
      if (agent === undefined) throw new Error('There is one database.');
      return agent;
    },
    event<T extends RunEvent['type']>(type: T) {
      type Wanted = Extract<RunEvent, { type: T }>;
      const isWanted = (event: RunEvent): event is Wanted => event.type === type;
      const told = events.find(isWanted);
      if (told) return Promise.resolve(told);
      return new Promise<Wanted>((resolve) => {
        const listener = (event: RunEvent) => {
          if (!isWanted(event)) return;
          listeners.delete(listener);
          resolve(event);
        };
        listeners.add(listener);
      });
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A migration that creates the table of its own name, and drops it again. */
export function tableMigration(version: string, name: string): SqlMigration {
  return { version, name, up: [`CREATE TABLE ${name} (id int)`], down: [`DROP TABLE ${name}`] };
}

function sourceOf(migration: SqlMigration): string {
  const { version, name, up, send = 'query', down, validate, ...rest } = migration;
  const fields = {
    version,
    name,
    description: name,
    ...rest,
  };
  const calls = (statements: readonly string[]) =>
    send === 'script'
      ? `await db.script(${JSON.stringify(statements.join(';\n'))});`
      : statements.map((sql) => `await db.query(${JSON.stringify(sql)});`).join('\n    ');
  const functions = [
    `async up(db) {\n    ${calls(up)}\n  }`,
    down && `async down(db) {\n    ${calls(down)}\n  }`,
    validate &&
      `async validate(db) {\n    return Object.values((await db.query(${JSON.stringify(validate)})).rows[0])[0];\n  }`,
  ].filter(Boolean);
  return `module.exports = {\n  ...${JSON.stringify(fields)},\n  ${functions.join(',\n  ')},\n};\n`;
}
