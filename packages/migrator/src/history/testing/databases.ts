import { tmpdir } from 'node:os';
import { createDatabase } from '../../database/create-database';
import type { Session } from '../../database/database';
import { createTestDatabase, testServers } from '../../testing/postgres';

/** An empty database for one suite. */
export interface OwnDatabase {
  open(): Promise<Session>;
  drop(): Promise<void>;
}

/** A kind of database that suites run over with `describe.each`. */
export interface DatabaseKind {
  readonly name: string;
  create(): Promise<OwnDatabase>;
}

async function openUrl(url: string): Promise<Session> {
  const database = await createDatabase(
    { kind: 'url', url, source: 'test' },
    { workspaceRoot: tmpdir(), protected: false },
  );
  return database.open({
    access: 'read-write',
    searchPath: ['public'],
    lockTimeoutMs: 0,
    statementTimeoutMs: 0,
    applicationName: 'flashfusion history tests',
  });
}

/** Every server of this test run. */
export const servers: readonly DatabaseKind[] = testServers().map((server) => ({
  name: `Postgres ${server.major}`,
  async create() {
    const database = await createTestDatabase(server);
    return { open: () => openUrl(database.url), drop: () => database.drop() };
  },
}));

/** The embedded database, and every server of this test run. */
export const databases: readonly DatabaseKind[] = [
  {
    name: 'PGlite',
    create: () =>
      Promise.resolve({
        open: () => openUrl('pglite:memory:'),
        drop: () => Promise.resolve(),
      }),
  },
  ...servers,
];
