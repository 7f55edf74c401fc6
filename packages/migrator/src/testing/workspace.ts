import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationAgent, type LoadAgentOptions } from '../agent';
import type { BaselineOptions, BaselineResult } from '../commands/baseline';
import type { MigrateOptions } from '../commands/plan-migrate';
import type { RepairOptions, RepairResult } from '../commands/repair';
import type { RollbackOptions } from '../commands/rollback';
import { TemporaryFiles } from '../config/testing/temporary-files';
import type { Connection } from '../config/settings';
import { createDatabase } from '../database/create-database';
import { PgliteEngine } from '../database/pglite-engine';
import type { RunEvent } from '../run/events';
import type { RunResult, StatusResult } from '../run/result';
import { migrationSource, nthVersion, type MigrationSnippet } from './migration-source';
import { createPgliteFolder } from './pglite';
import { createTestDatabase, testServers, type TestServer } from './postgres';

/** How an agent of a test differs from the ordinary one. */
export type AgentChanges = Partial<Omit<LoadAgentOptions, 'projectRoot' | 'project'>>;

/** A project of a test's workspace: files on disk, and the agent on them. */
export class TestProject {
  readonly root: string;
  /** What all agents of this project told, in order. */
  readonly events: RunEvent[] = [];
  private readonly paths = new Map<string, { version: string; path: string }>();
  private count = 0;

  constructor(
    readonly workspace: Workspace,
    readonly name: string,
  ) {
    this.root = join(workspace.root, name);
    mkdirSync(join(this.root, 'migrations'), { recursive: true });
    const { connection, schema } = workspace;
    const database = connection.kind === 'url' ? { url: connection.url } : {};
    const environments = {
      development: database,
      staging: database,
      production: { ...database, protected: true },
    };
    const config = { project: name, schema, environments };
    writeFileSync(join(this.root, 'db.config.json'), JSON.stringify(config));
  }

  /** Changes the configuration, e.g. to another name of the project. Its folder stays where it is. */
  configure(changes: Readonly<Record<string, unknown>>): this {
    const path = join(this.root, 'db.config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify({ ...config, ...changes }));
    return this;
  }

  /** Adds a migration file, or writes it anew under the version that it has. */
  add(name: string, snippet: MigrationSnippet | string = {}): this {
    const { version: asked, ...rest } = typeof snippet === 'string' ? { up: snippet } : snippet;
    const version = asked ?? this.paths.get(name)?.version ?? nthVersion((this.count += 1));
    return this.write(`${version}_${name}.ts`, migrationSource(version, name, rest));
  }

  /** Writes a migration file as it is. */
  write(fileName: string, source: string): this {
    const path = join(this.root, 'migrations', fileName);
    const [, version = '', name = ''] = /^([\d-]+T?[\d-]*)_(.+)\.\w+$/.exec(fileName) ?? [];
    this.paths.set(name, { version, path });
    writeFileSync(path, source);
    return this;
  }

  remove(name: string): this {
    rmSync(this.pathOf(name));
    return this;
  }

  pathOf(name: string): string {
    return this.paths.get(name)?.path ?? '';
  }

  async agent(changes: AgentChanges = {}): Promise<MigrationAgent> {
    const { connection } = this.workspace;
    const [agent] = await MigrationAgent.load({
      projectRoot: this.root,
      environment: 'development',
      env: {},
      connection: connection.kind === 'service' ? connection.service : undefined,
      onEvent: (event) => void this.events.push(event),
      ...changes,
    });
    if (agent === undefined) throw new Error('No agent was loaded.');
    return agent;
  }

  async migrate(options: MigrateOptions = {}, changes: AgentChanges = {}): Promise<RunResult> {
    return (await this.agent(changes)).migrate(options);
  }

  /** Reverts what is named, or the last one. */
  async rollback(
    nameOrOptions: string | Partial<RollbackOptions> = {},
    changes: AgentChanges = {},
  ): Promise<RunResult> {
    const options =
      typeof nameOrOptions === 'string'
        ? { selection: { kind: 'migration' as const, nameOrVersion: nameOrOptions } }
        : nameOrOptions;
    return (await this.agent(changes)).rollback({
      selection: { kind: 'last', count: 1 },
      ...options,
    });
  }

  async status(changes: AgentChanges = {}): Promise<StatusResult> {
    return (await this.agent(changes)).status();
  }

  async repair(options: Partial<RepairOptions> = {}): Promise<RepairResult> {
    return (await this.agent()).repair({ mode: 'run', ...options });
  }

  async baseline(options: BaselineOptions): Promise<BaselineResult> {
    return (await this.agent()).baseline(options);
  }

  /** Every row of the history as `name action state`, in order; empty where there is no table. */
  async history(): Promise<string[]> {
    const rows = await this.rows<{ row: string }>(
      `migration_name || ' ' || action || ' ' || state AS row`,
    );
    return rows.map(({ row }) => row);
  }

  /** Columns of every row of the history, in order. */
  async rows<Row = Record<string, unknown>>(columns: string): Promise<Row[]> {
    if (!(await this.workspace.tables('all')).includes('migration_history')) return [];
    return this.workspace.sql<Row>(
      `SELECT ${columns} FROM migration_history WHERE project = '${this.name}' ORDER BY id`,
    );
  }
}

/** A workspace with files of its own and a schema of its own in the suite's database. */
export class Workspace {
  readonly root: string;
  private readonly files = new TemporaryFiles();
  private readonly projects = new Map<string, TestProject>();

  constructor(
    readonly connection: Connection,
    readonly schema = `test_${randomUUID().slice(0, 8)}`,
  ) {
    this.root = this.files.make({ 'nx.json': {} });
  }

  /** Empty where the application hands its own connection over. */
  get url(): string {
    return this.connection.kind === 'url' ? this.connection.url : '';
  }

  project(name = 'api'): TestProject {
    const project = this.projects.get(name) ?? new TestProject(this, name);
    this.projects.set(name, project);
    return project;
  }

  /** Runs SQL in the workspace's schema on a session of its own; gives the last statement's rows. */
  async sql<Row = Record<string, unknown>>(text: string): Promise<Row[]> {
    const database = await createDatabase(this.connection, {
      workspaceRoot: this.root,
      protected: false,
    });
    const session = await database.open({
      access: 'read-write',
      searchPath: [this.schema],
      lockTimeoutMs: 0,
      statementTimeoutMs: 0,
      applicationName: 'flashfusion tests',
    });
    try {
      return (await session.query<Row>(text)).rows;
    } finally {
      await session.close();
    }
  }

  /** Names of the tables in the schema, without those of the history unless all are wanted. */
  async tables(which: 'own' | 'all' = 'own'): Promise<string[]> {
    const rows = await this.sql<{ name: string }>(
      `SELECT relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE nspname = '${this.schema}' AND relkind = 'r' ORDER BY 1`,
    );
    return rows
      .map(({ name }) => name)
      .filter((name) => which === 'all' || !name.startsWith('migration_'));
  }

  async remove(): Promise<void> {
    await this.sql(`DROP SCHEMA IF EXISTS ${this.schema} CASCADE`);
    this.removeFiles();
  }

  /** For a workspace whose database is among its files. */
  removeFiles(): void {
    this.files.clean();
  }
}

/** Gives each test of a suite a workspace of its own. */
export type WorkspaceSuite = (workspace: () => Workspace) => void;

/**
 * Runs a suite on the embedded database and on every server of this test run. The embedded one takes a second to start, so it
 * is started once and handed over as an application does it; commands/embedded.spec.ts goes through its url.
 */
export function describeOnEveryDatabase(title: string, suite: WorkspaceSuite): void {
  describe(`${title}, on PGlite`, () => useWorkspace(embeddedDatabase, suite));
  describeOnServers(title, suite);
}

/**
 * Runs a long suite on the embedded database and on the oldest and the newest server of this test run. For behavior that does
 * not depend on a version in between; what a server itself does is tested on all of them.
 */
export function describeOnOldestAndNewest(title: string, suite: WorkspaceSuite): void {
  describe(`${title}, on PGlite`, () => useWorkspace(embeddedDatabase, suite));
  const servers = testServers();
  const ends = servers.filter((_, index) => index === 0 || index === servers.length - 1);
  describeOn(ends, title, suite);
}

/** Runs a suite on every server of this test run. */
export function describeOnServers(title: string, suite: WorkspaceSuite): void {
  describeOn(testServers(), title, suite);
}

function describeOn(servers: readonly TestServer[], title: string, suite: WorkspaceSuite): void {
  if (servers.length === 0) it.todo(`${title} (needs a Postgres server)`);
  for (const server of servers) {
    const create = async () => {
      const { url, drop } = await createTestDatabase(server);
      return { connection: { kind: 'url' as const, url, source: 'test' }, drop };
    };
    describe(`${title}, on Postgres ${server.major}`, () => useWorkspace(create, suite));
  }
}

interface SuiteDatabase {
  readonly connection: Connection;
  drop(): Promise<void>;
}

async function embeddedDatabase(): Promise<SuiteDatabase> {
  const { folder, remove } = await createPgliteFolder();
  const engine = await PgliteEngine.start(folder);
  const query = (sql: string, params?: readonly unknown[]) =>
    engine.client.query(sql, params === undefined ? undefined : [...params]);
  // A service may pass the messages of its connection on.
  const events = {
    on: (event: 'notice', listener: () => void) => engine.client.on(event, listener),
    off: (event: 'notice', listener: () => void) => engine.client.off(event, listener),
  };
  return {
    connection: { kind: 'service', service: { query, ...events } },
    async drop() {
      await engine.stop();
      await remove();
    },
  };
}

function useWorkspace(create: () => Promise<SuiteDatabase>, suite: WorkspaceSuite): void {
  let database: SuiteDatabase;
  let workspace: Workspace;
  beforeAll(async () => {
    database = await create();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    workspace = new Workspace(database.connection);
    await workspace.sql(`CREATE SCHEMA ${workspace.schema}`);
  });
  afterEach(() => workspace.remove());
  suite(() => workspace);
}
