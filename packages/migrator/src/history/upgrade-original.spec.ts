import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from '../database/database';
import type { HistoryEntry } from './entry';
import { History } from './history';
import { databases, type OwnDatabase } from './testing/databases';
import { newEntry } from './testing/entries';

const options = { environment: 'staging', protected: false, project: 'api' };

describe.each(databases)("the original agent's table on $name", ({ create: createDatabase }) => {
  let database: OwnDatabase;
  let session: Session;
  let history: History;

  beforeAll(async () => {
    database = await createDatabase();
    session = await database.open();
  });
  afterAll(async () => {
    await session.close();
    await database.drop();
  });
  beforeEach(() => {
    history = new History(session, 'legacy');
  });
  afterEach(() =>
    session.query('DROP SCHEMA IF EXISTS legacy CASCADE; RESET TimeZone; RESET search_path'),
  );

  const create = (fixture: string, rows = ''): Promise<unknown> => {
    const ddl = readFileSync(join(__dirname, 'fixtures', fixture), 'utf8');
    return session.query(
      `CREATE SCHEMA legacy; SET search_path = legacy; ${ddl}; ${rows}; RESET search_path`,
    );
  };
  const insert = (columns: string, ...rows: string[]): string =>
    `INSERT INTO migration_history (${columns}) VALUES ${rows.map((row) => `(${row})`).join(', ')}`;
  const upgrade = () => history.prepare(options);
  const stored = async (): Promise<Record<string, unknown>[]> => {
    const { rows } = await session.query<{ row: string }>(
      'SELECT to_jsonb(h)::text AS row FROM legacy.migration_history h ORDER BY id',
    );
    return rows.map(({ row }) => JSON.parse(row) as Record<string, unknown>);
  };
  const facts = (entries: readonly HistoryEntry[]) =>
    entries.map(({ version, action, state, success, attempt }) => [
      version,
      action,
      state,
      success,
      attempt,
    ]);

  /** What a status shows before the upgrade and after it must be the same. */
  const readBothWays = async (): Promise<{
    before: readonly HistoryEntry[];
    after: readonly HistoryEntry[];
  }> => {
    const before = await history.read('staging', { project: 'api' });
    expect(before.table).toBe('original');
    await upgrade();
    const after = await history.read('staging');
    expect(after.table).toBe('current');
    return { before: before.entries, after: after.entries };
  };

  const everyKind = insert(
    'migration_name, version, description, checksum, executed_at, execution_time_ms, success, rollback_data, environment, agent_version',
    `'create_users', '20250101000000', 'Users', 'abc', '2025-01-01 10:00', 15, true, '{"tables_created": ["users"]}', 'staging', '1.0.0'`,
    `'broken', '20250102000000', NULL, NULL, '2025-01-02 10:00', NULL, false, NULL, 'staging', '1.0.0'`,
    `'undone', '20250103000000', '', 'def', '2025-01-03 10:00', 7, true, '{"rolled_back": true, "tables_created": []}', 'staging', '1.1.0'`,
    `'undone_and_failed', '20250104000000', '', 'def', '2025-01-04 10:00', 7, false, '{"rolled_back": true}', 'staging', NULL`,
    `'only_nested', '20250105000000', '', 'def', '2025-01-05 10:00', 7, true, '{"was": {"rolled_back": true}}', 'staging', NULL`,
    `'old_spelling', '2025-09-17T10-22-00', '', 'def', NULL, 7, NULL, 'null', 'staging', NULL`,
    `'create_users', '20250101000000', 'Users', 'abc', '2025-01-01 09:00', 15, true, NULL, 'production', '1.0.0'`,
    `'nowhere', '20250106000000', 'Users', 'abc', '2025-01-01 09:00', 15, true, NULL, NULL, '1.0.0'`,
  );

  it('keeps rows of every kind, and shows the same before and after', async () => {
    await create('000_original_agent.sql', everyKind);
    const { before, after } = await readBothWays();
    expect(facts(after)).toEqual([
      ['20250101000000', 'apply', 'applied', true, 1],
      ['20250102000000', 'apply', 'failed', false, 1],
      ['20250103000000', 'revert', 'reverted', true, 1],
      ['20250104000000', 'revert', 'reverted', false, 1],
      ['20250105000000', 'apply', 'applied', true, 1],
      ['20250106000000', 'apply', 'applied', true, 1],
      ['20250917102200', 'apply', 'failed', false, 1],
    ]);
    expect(after).toEqual(before);
    expect(await stored()).toHaveLength(8);
  });

  it('shows recent runs before and after', async () => {
    await create('000_original_agent.sql', everyKind);
    const before = await history.recent('staging', 'api', 3);
    expect(before.map((row) => row.name)).toEqual(['only_nested', 'undone_and_failed', 'undone']);
    await upgrade();
    expect(await history.recent('staging', 'api', 99)).toHaveLength(7);
  });

  it('keeps what the original agent wrote, under its names', async () => {
    await create('000_original_agent.sql', everyKind);
    await upgrade();
    expect((await stored())[0]).toMatchObject({
      id: 1,
      migration_name: 'create_users',
      description: 'Users',
      checksum: 'abc',
      checksum_algorithm: 'legacy',
      execution_time_ms: 15,
      rollback_data: { tables_created: ['users'] },
      environment: 'staging',
      agent_version: '1.0.0',
      project: 'api',
      database_user: null,
    });
    expect(await history.rollbackData('1')).toEqual({ tables_created: ['users'] });
  });

  it('stays one environment beside the others', async () => {
    await create('000_original_agent.sql', everyKind);
    await upgrade();
    const state = await history.read('production');
    expect(state.environments).toEqual(['production', 'staging']);
    expect(facts(state.entries)).toEqual([['20250101000000', 'apply', 'applied', true, 1]]);
  });

  it('writes nothing by being looked at, also in a read-only session', async () => {
    await create('000_original_agent.sql', everyKind);
    await session.query('SET default_transaction_read_only = on');
    const state = await history.read('staging', { project: 'api' });
    await session.query('SET default_transaction_read_only = off');
    expect(state).toMatchObject({ table: 'original', format: undefined, stamp: undefined });
    expect(Object.keys((await stored())[0] ?? {})).toHaveLength(11);
  });

  it('takes new attempts: ids go on, the old unique constraints are gone', async () => {
    await create('000_original_agent.sql', everyKind);
    await upgrade();
    await history.append(newEntry({ version: '20250102000000', name: 'broken', attempt: 2 }));
    await history.append(newEntry({ version: '20250103000000', name: 'undone', attempt: 2 }));
    const rows = await stored();
    expect(rows.map((row) => row['id'])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(
      (await history.read('staging')).entries.find((row) => row.name === 'undone'),
    ).toMatchObject({
      attempt: 2,
      state: 'applied',
    });
  });

  it('has the same columns, rules and comments as a new one', async () => {
    const shape = async (): Promise<unknown> => {
      const { rows } = await session.query(
        `SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type, attnotnull, attidentity::text,
            pg_get_expr(adbin, adrelid) AS value, col_description(attrelid, attnum) AS comment
          FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
          WHERE attrelid = 'legacy.migration_history'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1`,
      );
      const rules = await session.query(
        `SELECT conname::text AS name, pg_get_constraintdef(oid) AS rule FROM pg_constraint
            WHERE conrelid = 'legacy.migration_history'::regclass AND contype <> 'n'
          UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'legacy' ORDER BY 1, 2`,
      );
      return [rows, rules.rows];
    };
    await upgrade();
    const fresh = await shape();
    await session.query('DROP SCHEMA legacy CASCADE');
    await create('000_original_agent.sql', everyKind);
    await upgrade();
    expect(await shape()).toEqual(fresh);
  });

  it('numbers attempts by time, then id', async () => {
    await create(
      '000_original_agent_text.sql',
      insert(
        'migration_name, version, executed_at, success, environment, executed_by',
        `'a', '20250101000000', '2025-01-03Z', true, 'staging', 'ada'`,
        `'a', '20250101000000', '2025-01-01Z', false, 'staging', 'ada'`,
        `'a', '20250101000000', '2025-01-02Z', false, 'staging', 'ada'`,
        `'a', '2025-01-01T00-00-00', NULL, false, 'staging', 'ada'`,
      ),
    );
    const { before, after } = await readBothWays();
    expect(facts(after)).toEqual([['20250101000000', 'apply', 'applied', true, 4]]);
    expect(after).toEqual(before);
    expect((await stored()).map((row) => row['attempt'])).toEqual([4, 2, 3, 1]);
  });

  it.each(['UTC', 'Asia/Tokyo'])(
    'reads times without zone in the TimeZone setting: %s',
    async (zone) => {
      await create('000_original_agent.sql', everyKind);
      await session.query(`SET TimeZone = '${zone}'`);
      const { before, after } = await readBothWays();
      const expected = zone === 'UTC' ? '2025-01-01T10:00:00.000Z' : '2025-01-01T01:00:00.000Z';
      expect([before[0]?.executedAt, after[0]?.executedAt]).toEqual([expected, expected]);
    },
  );

  it('fills NULLs, and takes a version from the head of the name', async () => {
    await create(
      '000_original_agent_text.sql',
      insert(
        'migration_name, version, success, executed_by',
        `'2025-09-17T10-22-00_users', NULL, true, 'ada'`,
      ),
    );
    const { before, after } = await readBothWays();
    expect(after).toEqual(before);
    expect(after[0]).toMatchObject({
      version: '20250917102200',
      environment: 'staging',
      executedAt: '1970-01-01T00:00:00.000Z',
      description: '',
      checksum: '',
      executionTimeMs: 0,
      agentVersion: '',
    });
  });

  describe('with rollback data kept as text', () => {
    const texts = [
      '{"a": 1}',
      'not json',
      '"\\u0000"',
      '{"rolled_back": true}',
      '',
      '"\\ud800"',
      '1e999',
      '[1, 2]',
    ];
    beforeEach(() =>
      create(
        '000_original_agent_text.sql',
        insert(
          'migration_name, version, success, rollback_data, executed_by',
          ...texts.map((text, n) => `'m', '2025010100000${n}', true, '${text}', 'ada'`),
        ),
      ),
    );

    it('keeps JSON as JSON and everything else as a JSON string', async () => {
      const { before, after } = await readBothWays();
      expect(facts(before)).toEqual(facts(after));
      expect((await stored()).map((row) => row['rollback_data'])).toEqual([
        { a: 1 },
        ...texts.slice(1, 3),
        { rolled_back: true },
        null,
        ...texts.slice(5, 7),
        [1, 2],
      ]);
    });

    it('refuses to use what is not JSON, naming the row', async () => {
      await upgrade();
      expect(await history.rollbackData('1')).toEqual({ a: 1 });
      expect(await history.rollbackData('5')).toBeUndefined();
      await expect(history.rollbackData('2')).rejects.toMatchObject({
        code: 'HISTORY_CORRUPT',
        message: 'Row 2 of "legacy".migration_history has rollback data that is not JSON.',
      });
    });

    it('keeps a column that only it had, which keeps no row out', async () => {
      await upgrade();
      await history.append(newEntry());
      expect((await stored()).map((row) => row['executed_by']).slice(-2)).toEqual(['ada', null]);
    });
  });

  it('needs no id and not every column', async () => {
    await create(
      '000_original_agent_keyless.sql',
      insert(
        'migration_name, version, executed_at, success, rollback_data',
        `'b', '20250102000000', '2025-01-02', true, '{"b": "\\u0000"}'`,
        `'a', '20250101000000', '2025-01-01', true, '{"rolled_back": true}'`,
      ),
    );
    const { before, after } = await readBothWays();
    expect(facts(after)).toEqual([
      ['20250101000000', 'revert', 'reverted', true, 1],
      ['20250102000000', 'apply', 'applied', true, 1],
    ]);
    expect(facts(before)).toEqual(facts(after));
    await history.append(newEntry({ version: '20250101000000', name: 'a', attempt: 2 }));
  });

  it.each(['uuid', 'text', 'smallint', 'integer GENERATED BY DEFAULT AS IDENTITY'])(
    'accepts ids of type %s',
    async (type) => {
      await create('000_original_agent.sql', 'ALTER TABLE migration_history DROP COLUMN id');
      const value =
        type === 'uuid'
          ? ` DEFAULT '6e7b3c1a-0000-4000-8000-000000000001'`
          : type === 'text'
            ? ` DEFAULT 'x'`
            : type === 'smallint'
              ? ' DEFAULT 7'
              : '';
      await session.query(`ALTER TABLE legacy.migration_history ADD COLUMN id ${type}${value}`);
      await session.query(
        `INSERT INTO legacy.migration_history (migration_name, version, environment) VALUES ('a', '20250101000000', 'staging')`,
      );
      await upgrade();
      await history.append(newEntry());
      expect((await history.read('staging')).entries).toHaveLength(2);
    },
  );

  it('is upgraded when it is empty', async () => {
    await create('000_original_agent.sql');
    expect((await readBothWays()).after).toEqual([]);
    await history.append(newEntry());
  });

  it('keeps grants', async () => {
    await create('000_original_agent.sql', everyKind);
    await session.query('GRANT SELECT ON legacy.migration_history TO PUBLIC');
    await upgrade();
    const { rows } = await session.query(
      `SELECT has_table_privilege('public', 'legacy.migration_history', 'SELECT') AS kept`,
    );
    expect(rows).toEqual([{ kept: true }]);
  });

  it('is refused, untouched, when a view stands in the way', async () => {
    await create('000_original_agent.sql', everyKind);
    await session.query(
      'CREATE VIEW legacy.dashboard AS SELECT version FROM legacy.migration_history',
    );
    await expect(upgrade()).rejects.toMatchObject({
      code: 'HISTORY_UPGRADE_FAILED',
      message: expect.stringContaining('on view legacy.dashboard depends on column "version"'),
    });
    expect((await history.read('staging', { project: 'api' })).table).toBe('original');
    await session.query('DROP VIEW legacy.dashboard');
    await upgrade();
  });

  it('A7: keeps rows that name no version, as migrations that sort before all others', async () => {
    await create(
      '000_original_agent_text.sql',
      insert(
        'migration_name, version, success, executed_by',
        `'a', NULL, false, 'ada'`,
        `'b', '', true, 'ada'`,
        `'c', '20250101000000', true, 'ada'`,
        `'a', NULL, true, 'ada'`,
        `NULL, NULL, true, 'ada'`,
        `NULL, NULL, true, 'ada'`,
      ),
    );
    const { before, after } = await readBothWays();
    expect(
      after.map(({ version, name, state, attempt }) => [version, name, state, attempt]),
    ).toEqual([
      ['0-unversioned-1', 'a', 'applied', 2],
      ['0-unversioned-2', 'b', 'applied', 1],
      ['0-unversioned-3', '', 'applied', 1],
      ['0-unversioned-4', '', 'applied', 1],
      ['20250101000000', 'c', 'applied', 1],
    ]);
    expect(after).toEqual(before);
  });

  it('A7: gives rows without a version the same names before and after, also with ids of another kind', async () => {
    await session.query(
      `CREATE SCHEMA legacy; CREATE TABLE legacy.migration_history (id uuid, migration_name text, success boolean);
       INSERT INTO legacy.migration_history VALUES ('ffffffff-0000-0000-0000-000000000000', 'first', true),
         ('00000000-0000-0000-0000-000000000000', 'second', true)`,
    );
    const { before, after } = await readBothWays();
    const names = (entries: readonly HistoryEntry[]) =>
      entries.map(({ version, name }) => [version, name]);
    expect(names(before)).toEqual(names(after));
    expect(names(after)).toEqual([
      ['0-unversioned-1', 'first'],
      ['0-unversioned-2', 'second'],
    ]);
  });

  it('of other environments is refused, untouched', async () => {
    await create('000_original_agent.sql', everyKind);
    const asDevelopment = { ...options, environment: 'development' };
    const expected = {
      code: 'ENVIRONMENT_MISMATCH',
      message: `The original agent used the database of api in development as 'production', 'staging', never as 'development'.`,
    };
    const state = await history.read('development', { project: 'api' });
    await expect(history.prepare(asDevelopment, state)).rejects.toMatchObject(expected);
    await expect(history.prepare(asDevelopment)).rejects.toMatchObject(expected);
    expect(Object.keys((await stored())[0] ?? {})).toHaveLength(11);
  });

  it('is upgraded once', async () => {
    await create('000_original_agent.sql', everyKind);
    await upgrade();
    await upgrade();
    const { rows } = await session.query('SELECT note FROM legacy.migration_database');
    expect(rows).toEqual([{ note: 'upgraded from the original agent' }]);
  });
});
