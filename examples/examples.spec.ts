import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MigrationAgent } from '../packages/migrator/src/agent';
import { createDatabase } from '../packages/migrator/src/database/create-database';
import {
  createTestDatabase,
  describeEachPostgres,
  type TestDatabase,
} from '../packages/migrator/src/testing/postgres';

/** In the order of the project graph. */
const PROJECTS = ['users', 'billing', 'api', 'web'] as const;
type Project = (typeof PROJECTS)[number];

const WORKSPACE = resolve(__dirname, '..');
const HISTORY_ONLY = ['migration_chain', 'migration_database', 'migration_history'];

describe('the examples on the embedded database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flashfusion-examples-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  goUpAndDownAndUp(() => `pglite:${join(folder, 'data')}`);
});

describeEachPostgres('the examples on a server', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(server);
  });
  afterAll(() => database.drop());

  goUpAndDownAndUp(() => database.url);
});

/** One story on one database; each test stands on those before it. */
function goUpAndDownAndUp(url: () => string): void {
  let schemaAfterUp: string[];

  async function agentOf(project: Project): Promise<MigrationAgent> {
    const [agent] = await MigrationAgent.load({
      projectRoot: join(__dirname, project),
      environment: 'staging',
      env: { STAGING_DATABASE_URL: url() },
    });
    if (agent === undefined) throw new Error(`${project} has no database`);
    return agent;
  }

  async function up(project: Project, to?: string): Promise<number> {
    const result = await (await agentOf(project)).migrate({ to });
    if (result.failed !== undefined) throw result.failed.error;
    return result.done.length;
  }

  async function down(project: Project, count: number): Promise<void> {
    const result = await (await agentOf(project)).rollback({ selection: { kind: 'last', count } });
    if (result.failed !== undefined) throw result.failed.error;
    expect(result.done).toHaveLength(count);
  }

  async function query<Row>(sql: string): Promise<Row[]> {
    const database = await createDatabase(
      { kind: 'url', url: url(), source: 'test' },
      { workspaceRoot: WORKSPACE, protected: false },
    );
    const session = await database.open({
      access: 'read-write',
      searchPath: ['public'],
      lockTimeoutMs: 0,
      statementTimeoutMs: 0,
      applicationName: 'examples',
    });
    try {
      return (await session.query<Row>(sql)).rows;
    } finally {
      await session.close();
    }
  }

  /** Tables with their columns, indexes, triggers and types, as text. */
  async function schema(): Promise<string[]> {
    const rows = await query<{ line: string }>(`
      SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS line
        FROM information_schema.columns WHERE table_schema = 'public'
      UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
      UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
      UNION ALL SELECT enumtypid::regtype || ' ' || enumlabel FROM pg_enum
      UNION ALL SELECT extname FROM pg_extension
      ORDER BY 1`);
    return rows.map(({ line }) => line);
  }

  const tables = async () =>
    (
      await query<{ name: string }>(
        `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
      )
    ).map(({ name }) => name);

  it('begin with customers of long ago', async () => {
    await up('users', '20250917102200');
    await up('billing', '20251006090000');
    await query(`
      INSERT INTO users (email, full_name) VALUES
        ('ada@example.org', 'Ada Lovelace'), ('Grace@example.org', 'Grace  Brewster Hopper'), ('plato@example.org', 'Plato');
      INSERT INTO user_profiles (user_id, preferences)
        SELECT id, '{"notifications": {"email": false}, "theme": "dark"}' FROM users WHERE email LIKE 'ada%';
      INSERT INTO invoices (user_id, number, currency, paid_at)
        SELECT 1, '2025-' || n, 'EUR', now() + interval '1 day' FROM generate_series(1, 1200) AS n;
      INSERT INTO invoice_lines SELECT id, 1, 'Team', 2, 2900 FROM invoices;
    `);
  });

  it('go all the way up with their data', async () => {
    for (const project of PROJECTS) await up(project);

    expect(await query('SELECT first_name, last_name FROM active_users ORDER BY id')).toEqual([
      { first_name: 'Ada', last_name: 'Lovelace' },
      { first_name: 'Grace', last_name: 'Brewster Hopper' },
      { first_name: 'Plato', last_name: '' },
    ]);
    expect(await query('SELECT total_cents::text FROM monthly_revenue')).toEqual([
      { total_cents: String(1200 * 5800) },
    ]);
    expect(await query('SELECT by_email FROM notification_settings')).toEqual([
      { by_email: false },
    ]);
    schemaAfterUp = await schema();
  });

  it('have nothing left to apply then', async () => {
    for (const project of PROJECTS) expect(await up(project)).toBe(0);
  });

  it('go down to where they began and give back every name as it was written', async () => {
    await down('web', 2);
    await down('api', 4);
    await down('billing', 3);
    await down('users', 4);

    expect(await query('SELECT full_name FROM users ORDER BY id')).toEqual([
      { full_name: 'Ada Lovelace' },
      { full_name: 'Grace  Brewster Hopper' },
      { full_name: 'Plato' },
    ]);
    expect(await query('SELECT preferences FROM user_profiles')).toEqual([
      { preferences: { notifications: { email: false }, theme: 'dark' } },
    ]);
  });

  it('go down to nothing but their history', async () => {
    await query('TRUNCATE invoices, subscriptions CASCADE');
    await down('billing', 3);
    await down('users', 3);

    expect(await tables()).toEqual(HISTORY_ONLY);
  });

  it('go up again to the same schema', async () => {
    for (const project of PROJECTS) await up(project);

    expect(await schema()).toEqual(schemaAfterUp);
  });
}
