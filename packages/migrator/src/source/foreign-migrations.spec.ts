import { foreignMigrations, type OtherEntry } from './foreign-migrations';

const entry = (name: string, children: readonly string[] = [], text = ''): OtherEntry => ({
  name,
  children,
  text,
});
const toolsOf = (others: readonly OtherEntry[], own: readonly string[] = []) =>
  foreignMigrations('/migrations', others, () => own).problems.map(
    ({ message }) => /migrations of (.+?), which/.exec(message)?.[1],
  );

const OWN = ['export default defineMigration({ up: (db) => db.query("SELECT 1") })'];

describe('D4: migrations of other tools', () => {
  it.each([
    ['Prisma', entry('20240101000000_init', ['migration.sql'])],
    ['Diesel', entry('2024-01-01-000000_init', ['up.sql', 'down.sql'])],
    ['Drizzle', entry('20240101000000_init', ['migration.sql', 'snapshot.json'])],
    ['golang-migrate or sqlx', entry('000001_init.up.sql')],
    ['golang-migrate or sqlx', entry('20240101000000_init.up.sql')],
    ['Flyway', entry('V1__init.sql')],
    ['Flyway', entry('V2024.01.02__init.sql')],
    ['Flyway', entry('R__views.sql')],
    ['goose', entry('00001_init.sql', [], '-- +goose Up\nSELECT 1;')],
    ['dbmate', entry('20240101000000_init.sql', [], '-- migrate:up\n')],
    ['node-pg-migrate', entry('1700000000000_init.sql', [], '-- Up Migration\n')],
    ['postgrator', entry('001.do.init.sql')],
    ['MikroORM', entry('Migration20240101000000.ts')],
    ['Sqitch', entry('sqitch.plan')],
  ])('D4: %s is recognized, also next to migrations of ours', (tool, other) => {
    expect(toolsOf([other])).toEqual([tool]);
    expect(toolsOf([other], OWN)).toEqual([tool]);
  });

  it.each([
    ['Django', '0001_initial.py'],
    ['Rails', '20240101000000_create_users.rb'],
    ['Laravel', '2014_10_12_000000_create_users_table.php'],
    ['goose', '00001_init.go'],
    ['Liquibase', 'db.changelog-master.yaml'],
    ['another tool', '001_init.sql'],
    ['another tool', '2024.01.01T00.00.00.init.sql'],
    ['another tool', '1700000000000_init.sql'],
  ])('D4: %s is recognized by a number, if there is no migration of ours', (tool, name) => {
    expect(toolsOf([entry(name)])).toEqual([tool]);
    expect(toolsOf([entry(name)], OWN)).toEqual([]);
  });

  it('D4: Drizzle is recognized by its journal', () => {
    const files = [entry('meta', ['_journal.json']), entry('0000_cool_hulk.sql')];
    expect(toolsOf(files)).toEqual(['Drizzle']);
  });

  it.each([
    'README.md',
    '_helpers.ts',
    'helpers.ts',
    'schema.sql',
    'seed.csv',
    '2024_countries.csv',
    '01_data.json',
    '0001.txt',
    'V1.md',
    'Version.ts',
    'migration_lock.toml',
    '.gitkeep',
    'CHANGELOG.md',
  ])('D4: %s causes no alarm', (name) => {
    expect(toolsOf([entry(name)])).toEqual([]);
  });

  it('D4: folders cause no alarm unless they hold migrations', () => {
    expect(toolsOf([entry('2024_data', ['a.csv', 'b.sql']), entry('sql', ['up.sql'])])).toEqual([]);
  });

  it('D4: SQL that a migration of ours reads causes no alarm', () => {
    const others = [entry('000001_init.up.sql')];
    expect(toolsOf(others, ["readFileSync(join(here, '000001_init.up.sql'))"])).toEqual([]);
    expect(toolsOf(others, ['readFileSync(join(here, `${name}.up.sql`))'])).toEqual([]);
    expect(toolsOf(others, ["readFileSync(name + '.sql')"])).toEqual([]);
  });

  it('D4: a message names a few of many files', () => {
    const others = Array.from({ length: 90 }, (_, index) => entry(`${100000 + index}_x.up.sql`));
    const { problems } = foreignMigrations('/migrations', others, () => []);
    const [problem] = problems;
    expect(problem).toMatchObject({ code: 'FOREIGN_MIGRATIONS', where: '/migrations' });
    expect(problem?.message).toContain('100004_x.up.sql and 85 more.');
    expect(problem?.hint).toContain('baseline');
  });
});
