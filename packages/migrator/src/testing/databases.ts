import { createDatabase } from '../database/create-database';
import type { Database, OpenOptions, Session } from '../database/database';
import { createPgliteFolder } from './pglite';
import { createTestDatabase, testServers } from './postgres';

/** A database of one suite, by url: embedded or on a server. */
export interface DatabaseFixture {
  readonly url: string;
  readonly database: Database;
  /** Opens a session, which {@link DatabaseFixture.drop} closes if the test does not. */
  open(options?: Partial<OpenOptions>): Promise<Session>;
  /** Closes what is still open of them. */
  closeSessions(): Promise<void>;
  drop(): Promise<void>;
}

/** One kind of database that a suite runs on. */
export interface DatabaseKind {
  readonly driver: 'pglite' | 'postgres';
  readonly name: string;
  create(): Promise<DatabaseFixture>;
}

/** How tests open sessions when they do not care. */
export const OPEN: OpenOptions = {
  access: 'read-write',
  searchPath: ['public'],
  lockTimeoutMs: 5_000,
  statementTimeoutMs: 0,
  applicationName: 'flashfusion test',
};

/** PGlite and each server of this test run. */
export function databaseKinds(): DatabaseKind[] {
  const pglite: DatabaseKind = {
    driver: 'pglite',
    name: 'PGlite',
    async create() {
      const { url, remove } = await createPgliteFolder();
      return databaseFixture(url, remove);
    },
  };
  const servers = testServers().map((server): DatabaseKind => ({
    driver: 'postgres',
    name: `Postgres ${server.major}`,
    async create() {
      const { url, drop } = await createTestDatabase(server);
      return databaseFixture(url, drop);
    },
  }));
  return [pglite, ...servers];
}

/** Runs a suite once on each kind of database. */
export function describeEachDatabase(title: string, suite: (kind: DatabaseKind) => void): void {
  for (const kind of databaseKinds()) describe(`${title}, on ${kind.name}`, () => suite(kind));
}

/** A fixture for any url. */
export async function databaseFixture(
  url: string,
  remove: () => Promise<void> = async () => undefined,
): Promise<DatabaseFixture> {
  const database = await createDatabase(
    { kind: 'url', url, source: 'TEST_URL' },
    { workspaceRoot: process.cwd(), protected: false },
  );
  const sessions: Session[] = [];
  const closeSessions = async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()));
  };
  return {
    url,
    database,
    async open(options) {
      const session = await database.open({ ...OPEN, ...options });
      sessions.push(session);
      return session;
    },
    closeSessions,
    async drop() {
      await closeSessions();
      await remove();
    },
  };
}
