import { formatStatus } from '../report/format-status';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { describeOnOldestAndNewest } from '../testing/workspace';

const [first, second] = [nthVersion(1), nthVersion(2)];

/** What a hand can put into the row of the second migration, and what is said of it. */
const oddities: readonly (readonly [change: string, message: RegExp])[] = [
  ...[
    'migration_name',
    'description',
    'checksum',
    'checksum_algorithm',
    'success',
    'agent_version',
    'action',
    'state',
    'run_id',
    'dependencies',
    'execution_time_ms',
    'finished_statements',
  ].map((column) => [`${column} = NULL`, new RegExp(`Row 2 of .*: ${column} is NULL`)] as const),
  ['executed_at = NULL', /Row 2 of .*: executed_at is no time that a run writes/],
  [`executed_at = 'infinity'`, /Row 2 of .*: executed_at is no time/],
  [`executed_at = '-infinity'`, /Row 2 of .*: executed_at is no time/],
  [`executed_at = '0044-03-15 BC'`, /Row 2 of .*: executed_at is no time/],
  [`executed_at = '294276-01-01'`, /Row 2 of .*: executed_at is no time/],
  [`dependencies = 'null'`, /Row 2 of .*: dependencies is NULL/],
  ['attempt = NULL', /Row 2 of .*: attempt is NULL/],
  ['attempt = 2147483647', /attempt 2147483647.*row 2/],
  ['attempt = -2147483648', /Row 2 of .*: attempt is -2147483648/],
  ['attempt = 0', /Row 2 of .*: attempt is 0/],
  ['attempt = 900000000', /attempt 1 to 899999999 was deleted; found: row 2/],
  ['execution_time_ms = -1', /Row 2 of .*: execution_time_ms is -1/],
  ['execution_time_ms = 9223372036854775807', /Row 2 of .*: execution_time_ms is/],
  ['finished_statements = -2147483648', /Row 2 of .*: finished_statements is -2147483648/],
  [`state = repeat('x', 100000)`, /Row 2 of .*: state is 'x{50}.{0,200}…, which is none of/],
  [`action = ''`, /Row 2 of .*: action is ''/],
  ['version = NULL', /Row 2 of .*: version is NULL/],
  [`version = '99991231235959'`, /row 2, its newest one, .* was edited/],
  ['project = NULL', /Row 2 of .*: project is NULL/],
  [`project = 'other'`, /row 2, its newest one, .* was edited/],
  ['environment = NULL', /row 2, its newest one, .* was edited/],
  [`environment = 'other'`, /row 2, its newest one, .* was edited/],
  ...[
    `'"x"'`,
    `'1e400'`,
    `'{"a": {"b": []}}'`,
    `'[1]'`,
    `'[null]'`,
    `(repeat('[', 3000) || repeat(']', 3000))::jsonb`,
  ].map(
    (value) =>
      [`dependencies = ${value}`, /Row 2 of .*: dependencies is not an array of texts/] as const,
  ),
  [
    `dependencies = (SELECT jsonb_agg('api:' || n) FROM generate_series(1, 1000000) n)`,
    /Row 2 of .*: dependencies is not an array of texts but '\d+ bytes of JSON'/,
  ],
];

describeOnOldestAndNewest('A7: a damaged history', (workspace) => {
  const damaged = async (...statements: string[]) => {
    const api = workspace()
      .project()
      .add('one', 'CREATE TABLE one (id int)')
      .add('two', { down: 'SELECT 1' });
    await api.migrate();
    for (const statement of statements) await workspace().sql(statement);
    return api;
  };
  /** Takes every rule away that the table has besides its keys. */
  const LAWLESS = `DO $$ DECLARE r record; BEGIN
    FOR r IN SELECT conname FROM pg_constraint WHERE conrelid = 'migration_history'::regclass AND contype = 'c' LOOP
      EXECUTE 'ALTER TABLE migration_history DROP CONSTRAINT ' || quote_ident(r.conname); END LOOP;
    FOR r IN SELECT attname FROM pg_attribute WHERE attrelid = 'migration_history'::regclass AND attnum > 0 AND attnotnull
      AND attname <> 'id' LOOP
      EXECUTE 'ALTER TABLE migration_history ALTER COLUMN ' || quote_ident(r.attname) || ' DROP NOT NULL'; END LOOP; END $$`;

  it.each(oddities)('A7: is named by status and migrate: %s', async (change, message) => {
    const api = await damaged(LAWLESS, `UPDATE migration_history SET ${change} WHERE id = 2`);

    const status = await api.status();
    const problem = status.problems.find(({ code }) => code === 'HISTORY_CORRUPT');
    expect(problem?.message).toMatch(message);
    expect(problem?.message.length).toBeLessThan(2_000);
    expect(problem?.hint).not.toMatch(/INSERT|UPDATE|DELETE/);
    expect(formatStatus(status)).toContain('HISTORY_CORRUPT');
    expect((await refusal(api.migrate())).code).toBe('HISTORY_CORRUPT');
  });

  it.each([
    'attempt = 2147483647',
    'attempt = -5',
    'attempt = 900000000',
    'execution_time_ms = -1',
    `executed_at = 'infinity'`,
    `dependencies = '{}'`,
    'description = NULL',
  ])('A7: is settled by a repair row, behind which everything works again: %s', async (change) => {
    const api = await damaged(LAWLESS, `UPDATE migration_history SET ${change} WHERE id = 2`);
    expect(
      (await api.repair({ mode: 'show' })).steps.map(({ name, action }) => [name, action]),
    ).toEqual([['two', 'choose']]);

    await api.repair({ migration: second, action: 'mark-applied' });
    await api.rollback('two');
    await api.migrate();

    expect((await (await api.agent()).status({ history: 'verify' })).problems).toEqual([]);
  });

  it('A7: is named when its newest row, a revert, was deleted', async () => {
    const api = await damaged();
    await api.rollback('two');
    await workspace().sql(`DELETE FROM migration_history WHERE id = 3`);

    const { problems } = await api.status();
    expect(problems).toEqual([
      expect.objectContaining({
        code: 'HISTORY_CORRUPT',
        message: expect.stringMatching(
          /api:\d+ in .*: row 3 \(attempt 2\), its newest one, was deleted/,
        ),
      }),
    ]);
    expect((await refusal(api.migrate())).code).toBe('HISTORY_CORRUPT');
    await api.repair({ migration: second, action: 'mark-reverted' });
    expect((await api.migrate()).done.map(({ name }) => name)).toEqual(['two']);
  });

  it('A7: can be settled for a migration whose rows are all gone', async () => {
    const api = await damaged('DELETE FROM migration_history WHERE id = 1');
    expect((await api.status()).problems.map(({ where }) => where)).toContain(`api:${first}`);
    await api.repair({ migration: first, action: 'mark-applied' });
    expect((await api.migrate()).status).toBe('nothing-to-do');
    expect((await (await api.agent()).status({ history: 'verify' })).problems).toEqual([]);
  });

  it.each([
    [`rollback_data = '{"tables_created": []}'`],
    [`database_user = 'mallory'`],
    [`executed_at = executed_at - interval '1 day'`],
    ['host = NULL'],
  ])('A7: is named by a thorough status only: %s', async (change) => {
    const api = await damaged(`UPDATE migration_history SET ${change} WHERE id = 1`);
    expect((await api.status()).problems).toEqual([]);

    const { problems } = await (await api.agent()).status({ history: 'verify' });
    expect(problems).toEqual([
      expect.objectContaining({
        code: 'HISTORY_CORRUPT',
        message: expect.stringMatching(/row 1 \(attempt 1\) was edited/),
        where: `api:${first}`,
      }),
    ]);
    await api.repair({ migration: first, action: 'mark-applied' });
    expect((await (await api.agent()).status({ history: 'verify' })).problems).toEqual([]);
  });

  describe('with a trigger that swallows rows', () => {
    const SWALLOW = [
      `CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
      'CREATE TRIGGER swallow BEFORE INSERT ON migration_history FOR EACH ROW EXECUTE FUNCTION swallow()',
    ];

    it.each([undefined, false] as const)(
      'A7: runs no migration whose row is not written, transaction: %s',
      async (transaction) => {
        const api = await damaged(...SWALLOW);
        api.add('three', { transaction, up: 'CREATE TABLE three (id int)' });

        const { status, failed } = await api.migrate();

        expect(status).toBe('failed');
        expect(failed?.error).toMatchObject({
          code: 'HISTORY_CORRUPT',
          message: expect.stringContaining('trigger swallow on migration_history'),
        });
        expect(await workspace().tables()).toEqual(['one']);
      },
    );

    it('A7: refuses a repair', async () => {
      const api = await damaged(...SWALLOW);
      api.add('three');
      expect((await refusal(api.repair({ migration: 'three', action: 'mark-applied' }))).code).toBe(
        'HISTORY_CORRUPT',
      );
    });
  });
});
