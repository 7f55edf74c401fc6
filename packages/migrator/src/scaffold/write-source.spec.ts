import { PGlite } from '@electric-sql/pglite';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { ModuleKind, ModuleResolutionKind, Project, ScriptTarget } from 'ts-morph';
import { readKnownTables } from './known-tables';
import { RESERVED_WORDS } from './sql-name';
import { evaluateScaffold, schemaOf } from './testing/run-scaffold';
import { writeSource as write, type MigrationHeader } from './write-source';

const KNOWN = readKnownTables(
  ['users', 'teams', 'user_groups'].map((name) => `CREATE TABLE ${name} (id int)`),
);
const writeSource = async (header: MigrationHeader) => (await write(header, KNOWN)).source;

const HOSTILE_TEXTS = [
  `It's "quoted", \`ticked\` and $\{interpolated}`,
  'ends a comment */ and a line\nand a \\ string \\',
  "only 'single' quotes",
  'line\u2028separators\u2029, a NUL \0, a bell \u0007, right-to-left \u202e, a lone \ud800',
  'line after line '.repeat(20),
  '💾 ünïcode 表',
];
/** Names whose bodies run as generated. */
const COMPLETE = [
  'create_user_profiles',
  'create_user',
  'create_order_table',
  'create_order_items_join_table',
  'create_users_user_groups_join_table',
  'drop_users',
  'drop_order',
  'add_nickname_to_users',
  'add_joined_at_and_owner_id_and_is_admin_and_on_to_users',
  'remove_email_from_users',
  'remove_order_and_note_from_order',
  'remove_team_id_and_email_from_users',
  'rename_users_to_accounts',
  'rename_email_to_mail_in_users',
  'rename_order_to_user_in_order',
  'create_index_on_users_email',
  'create_index_on_users_by_email',
  'create_index_on_users_by_email_and_team_id',
  'add_unique_index_to_users_on_team_id',
  'add_order_index_to_order',
  'add_foreign_key_from_users_to_teams',
  'add_team_id_foreign_key_to_users',
  `create_${'t'.repeat(63)}`,
  `create_index_on_${'t'.repeat(40)}_by_${'c'.repeat(40)}`,
  `add_${'c'.repeat(45)}_to_${'t'.repeat(45)}`,
];
/** Names whose bodies the author has to edit. */
const PLACEHOLDERS = [
  'add_teams',
  'add_unique_index_to_users',
  'create_index_on_order_items_sku',
  'add_foreign_key_to_orders',
  'create_view_active_users',
  'backfill_email_in_users',
  'backfill_emails',
];
const NAMES = [...COMPLETE, ...PLACEHOLDERS];

const header = (over: Partial<MigrationHeader>): MigrationHeader => ({
  version: '20250917102200',
  name: 'create_user_profiles',
  description: 'Add user profile management tables',
  dependencies: [],
  ...over,
});
const dependencies = ['20250915100000', 'users:20250910090000', '@acme/billing:20250910090000'];

test('a table is scaffolded as the golden file has it', async () => {
  const golden = readFileSync(join(__dirname, 'fixtures/create_user_profiles.txt'), 'utf8');
  await expect(writeSource(header({ dependencies: ['users:20250910090000'] }))).resolves.toBe(
    golden,
  );
});

test('every scaffold compiles under strict TypeScript', async () => {
  const project = new Project({
    compilerOptions: {
      strict: true,
      skipLibCheck: true,
      noImplicitReturns: true,
      noUnusedLocals: true,
      noUnusedParameters: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      target: ScriptTarget.ES2022,
      module: ModuleKind.Node16,
      moduleResolution: ModuleResolutionKind.Node16,
      types: [],
      paths: { '@flashfusion/migrator': [join(__dirname, '../migration/define-migration.ts')] },
    },
  });
  const headers = [
    ...NAMES.map((name) => header({ name, dependencies })),
    ...HOSTILE_TEXTS.map((description) => header({ description })),
  ];
  for (const [index, one] of headers.entries()) {
    project.createSourceFile(join(__dirname, `virtual-${index}.ts`), await writeSource(one));
  }
  const diagnostics = project
    .getPreEmitDiagnostics()
    .filter((one) => one.getSourceFile()?.getBaseName().startsWith('virtual-') ?? true);
  expect(project.formatDiagnosticsWithColorAndContext(diagnostics)).toBe('');
}, 60_000);

test.each(NAMES)('%s is as Prettier would have it', async (name) => {
  const source = await writeSource(header({ name, dependencies }));
  await expect(format(source, { parser: 'typescript', singleQuote: true })).resolves.toBe(source);
});

test.each(HOSTILE_TEXTS)('the description %j arrives as it was given', async (description) => {
  const source = await writeSource(header({ description }));
  expect(evaluateScaffold(source).description).toBe(description);
  await expect(format(source, { parser: 'typescript', singleQuote: true })).resolves.toBe(source);
});

test('a table whose name Postgres would cut off is refused', async () => {
  await expect(writeSource(header({ name: `create_${'t'.repeat(64)}` }))).rejects.toMatchObject({
    code: 'IDENTIFIER_TOO_LONG',
  });
});

test.each(PLACEHOLDERS)(
  'F1: %s is a placeholder with a reason, without an empty down',
  async (name) => {
    const { source, notWritten } = await write(header({ name }));
    expect(notWritten).toMatch(/: (?:write|check) /);
    expect(source).toContain('notWritten');
    expect(source).not.toContain('SELECT 1');
    // The gap is refused by Postgres, also after `notWritten` is deleted without an edit.
    if (name !== 'create_index_on_order_items_sku') expect(source).toContain('…');
  },
);

describe('on a database', () => {
  let db: PGlite;
  beforeAll(async () => {
    db = await PGlite.create();
  });
  afterAll(() => db.close());

  /** The tables that the scaffolds above alter. */
  const TABLES = `
    CREATE TABLE teams (id bigint PRIMARY KEY);
    CREATE TABLE user_groups (id bigint PRIMARY KEY);
    CREATE TABLE users (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      email text COLLATE "C" NOT NULL DEFAULT 'nobody' CHECK (email <> ''),
      team_id bigint CONSTRAINT one_each UNIQUE
    );
    CREATE INDEX users_lower_idx ON users (lower(email));
    CREATE INDEX users_both_idx ON users (email, team_id);
    INSERT INTO teams VALUES (7), (8);
    INSERT INTO users (email, team_id) VALUES ('ada@example.com', 7), ('it''s "b"', 8), ('nobody', NULL);
    CREATE TABLE "order" (a int, b int, "order" text, note jsonb, PRIMARY KEY (a, b));
    INSERT INTO "order" VALUES (1, 1, 'x', '{"y": [1]}'), (1, 2, 'z', NULL), (2, 1, NULL, 'null');
    CREATE TABLE ${'t'.repeat(40)} (${'c'.repeat(40)} int);
    CREATE TABLE ${'t'.repeat(45)} (id int);`;
  const rowsOf = async () => {
    const { rows } = await db.query(`
      SELECT (SELECT json_agg(u ORDER BY id) FROM (SELECT id, email, team_id FROM users) u) AS users,
        (SELECT json_agg(o ORDER BY a, b) FROM (SELECT a, b, "order", note FROM "order") o) AS orders`);
    return rows;
  };

  type Scaffold = ReturnType<typeof evaluateScaffold>;
  /** As the runner calls a step: in a transaction, except where the migration asks for none. */
  const inTransaction = async <T>(migration: Scaffold, step: () => Promise<T>): Promise<T> => {
    if (migration.transaction === false) return step();
    await db.exec('BEGIN');
    const result = await step();
    await db.exec('COMMIT');
    return result;
  };
  const applied = async (migration: Scaffold): Promise<unknown> =>
    JSON.parse(JSON.stringify(await inTransaction(migration, () => migration.up(db))));
  const reverted = (migration: Scaffold, data: unknown) =>
    inTransaction(migration, () => migration.down(db, {}, data));

  test.each(COMPLETE)('F3: %s applies, reverts and applies again as generated', async (name) => {
    await db.exec(`DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${TABLES}`);
    if (name === 'create_order_table') await db.exec('DROP TABLE "order"');
    const before = await schemaOf(db);
    const rows = name === 'create_order_table' ? [] : await rowsOf();
    const { source, notWritten } = await write(header({ name }), KNOWN);
    expect(notWritten).toBeUndefined();
    const migration = evaluateScaffold(source);

    await expect(migration.validate(db)).resolves.toBe(false);
    const rollbackData: unknown = await applied(migration);
    const changed = await schemaOf(db);
    await expect(migration.validate(db)).resolves.toBe(true);
    await reverted(migration, rollbackData);

    expect(changed).not.toEqual(before);
    expect(changed.filter((line) => line.endsWith('valid=false'))).toEqual([]);
    expect(await schemaOf(db)).toEqual(before);
    if (rows.length > 0) expect(await rowsOf()).toEqual(rows);

    const again: unknown = await applied(migration);
    expect(await schemaOf(db)).toEqual(changed);
    await reverted(migration, again);
  });

  test('F3: values that cannot be saved are not dropped', async () => {
    await db.exec(`DROP SCHEMA public CASCADE; CREATE SCHEMA public;
      CREATE TABLE users (email text); INSERT INTO users VALUES ('ada@example.com');`);
    const { up } = evaluateScaffold(await writeSource(header({ name: 'remove_email_from_users' })));
    await db.exec('BEGIN');
    await expect(up(db)).rejects.toThrow('The values cannot be saved');
    await db.exec('ROLLBACK');
    expect((await db.query('SELECT email FROM users')).rows).toHaveLength(1);
  });

  test.each([
    [
      'backfill_email_in_users',
      "'filled'",
      `SELECT count(*)::int AS n FROM users WHERE email = 'filled'`,
      2500,
    ],
    [
      'create_view_active_users',
      '* FROM users',
      'SELECT count(*)::int AS n FROM active_users',
      2500,
    ],
  ])('F3: %s runs once its gap is filled', async (name, text, query, count) => {
    await db.exec(`DROP SCHEMA public CASCADE; CREATE SCHEMA public;
      CREATE TABLE users (id int, email text); INSERT INTO users SELECT generate_series(1, 2500);`);
    const { source } = await write(header({ name }), KNOWN);
    const { up, validate } = evaluateScaffold(source.replace('…', text));
    const signal = new AbortController().signal;
    const session = {
      query: async (sql: string) => ({ rowCount: (await db.query(sql)).affectedRows }),
    };
    await up(session, { signal });
    await expect(validate(db)).resolves.toBe(true);
    expect((await db.query(query)).rows).toEqual([{ n: count }]);
  });

  test('the list of reserved words is that of Postgres', async () => {
    const { rows } = await db.query<{ word: string }>(
      "SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')",
    );
    expect(rows.map(({ word }) => word).filter((word) => !RESERVED_WORDS.has(word))).toEqual([]);
  });
});
