import { PGlite } from '@electric-sql/pglite';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { ModuleKind, ModuleResolutionKind, Project, ScriptTarget } from 'ts-morph';
import { RESERVED_WORDS } from './sql-name';
import { evaluateScaffold, schemaOf } from './testing/run-scaffold';
import { writeSource, type MigrationHeader } from './write-source';

const HOSTILE_TEXTS = [
  `It's "quoted", \`ticked\` and $\{interpolated}`,
  'ends a comment */ and a line\nand a \\ string \\',
  "only 'single' quotes",
  'line\u2028separators\u2029, a NUL \0, a bell \u0007, right-to-left \u202e, a lone \ud800',
  'line after line '.repeat(20),
  '💾 ünïcode 表',
];
const NAMES = [
  'create_user_profiles',
  'create_user',
  'create_order_table',
  'add_nickname_to_users',
  'add_joined_at_and_team_id_and_is_admin_and_on_to_users',
  'create_index_on_users_by_email',
  'add_order_index_to_user',
  `create_${'t'.repeat(63)}`,
  `create_index_on_${'t'.repeat(40)}_by_${'c'.repeat(40)}`,
  `add_${'c'.repeat(45)}_to_${'t'.repeat(45)}`,
  'add_teams',
];

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

describe('on a database', () => {
  let db: PGlite;
  beforeAll(async () => {
    db = await PGlite.create();
  });
  afterAll(() => db.close());

  /** The tables that the scaffolds above alter. */
  const TABLES = `
    CREATE TABLE users (id bigint, email text);
    CREATE TABLE "user" (id bigint, "order" text);
    CREATE TABLE ${'t'.repeat(40)} (${'c'.repeat(40)} int);
    CREATE TABLE ${'t'.repeat(45)} (id int);`;

  test.each(NAMES)('%s applies, validates and reverts', async (name) => {
    await db.exec(
      `DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${name === 'create_user' ? '' : TABLES}`,
    );
    const before = await schemaOf(db);
    const migration = evaluateScaffold(await writeSource(header({ name })));

    await expect(migration.validate(db)).resolves.toBe(name === 'add_teams');
    const rollbackData: unknown = JSON.parse(JSON.stringify(await migration.up(db)));
    const changed = await schemaOf(db);
    await expect(migration.validate(db)).resolves.toBe(true);
    await migration.down(db, {}, rollbackData);

    if (name !== 'add_teams') expect(changed).not.toEqual(before);
    expect(changed.filter((line) => line.endsWith('valid=false'))).toEqual([]);
    expect(await schemaOf(db)).toEqual(before);
  });

  test('the list of reserved words is that of Postgres', async () => {
    const { rows } = await db.query<{ word: string }>(
      "SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')",
    );
    expect(rows.map(({ word }) => word).filter((word) => !RESERVED_WORDS.has(word))).toEqual([]);
  });
});
