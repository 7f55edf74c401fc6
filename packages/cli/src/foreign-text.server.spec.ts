import { inspect } from 'node:util';
import {
  createTestDatabase,
  describeNewestPostgres,
  type TestDatabase,
} from '../../migrator/src/testing/postgres';
import { ff, type Finished } from './testing/ff';
import { folderWith, removeFolders } from './testing/folders';

jest.setTimeout(120_000);
afterAll(removeFolders);

const SECRET = `canary "q" \\ it's $& 100%/é@`;
const json = (text: string) => JSON.stringify(text).slice(1, -1);
const FORMS = [
  ...new Set([
    SECRET,
    encodeURIComponent(SECRET),
    json(SECRET),
    json(json(SECRET)),
    SECRET.replaceAll("'", "''"),
    inspect(SECRET).slice(1, -1),
    Buffer.from(SECRET).toString('base64').slice(0, 20),
    'canary',
  ]),
];

const COMMANDS = [
  ['status'],
  ['migrate', '--dry-run'],
  ['migrate'],
  ['migrate', '--verbose'],
  ['status', '--verbose'],
  ['repair'],
  ['rollback', '--last'],
];

describeNewestPostgres('Foreign text in ff', (server) => {
  let database: TestDatabase;
  let url: string;
  beforeEach(async () => {
    database = await createTestDatabase(server);
    const { host, pathname } = new URL(database.url);
    const role = `${database.name}_owner`;
    await database.query(
      `CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD '${SECRET.replaceAll("'", "''")}'`,
    );
    url = `postgres://${role}:${encodeURIComponent(SECRET)}@${host}${pathname}`;
  });
  afterEach(async () => {
    await database.query(`DROP OWNED BY ${database.name}_owner`);
    await database.query(`DROP ROLE ${database.name}_owner`);
    await database.drop();
  });

  const projectWith = (up: string) =>
    folderWith({
      'db.config.json': JSON.stringify({
        project: 'shop',
        environments: { development: { url: { env: 'SHOP_URL' } } },
      }),
      'migrations/20250909000000_fine.mjs': `
        export default { version: '20250909000000', name: 'fine', down() {},
          async up(db) { await db.query('CREATE TABLE t (id int)'); } };`,
      'migrations/20250910000000_leak.mjs': `
        const secret = decodeURIComponent(new URL(process.env.SHOP_URL).password);
        export default { version: '20250910000000', name: 'leak', down() {},
          async up(db, agent) { ${up} } };`,
    });

  async function printed(cwd: string, args: readonly string[]): Promise<Finished> {
    return ff({ cwd, env: { SHOP_URL: url } }, 'db', ...args);
  }

  async function stored(): Promise<string> {
    const rows = await database.query<{ row: string }>(
      'SELECT row_to_json(h)::text AS row FROM migration_history h',
    );
    return rows.map(({ row }) => row).join('\n');
  }

  it('E4: no command prints or stores a password in any form', async () => {
    const cwd = await projectWith(`
      agent.logger.info(secret);
      agent.logger.warn(JSON.stringify({ url: process.env.SHOP_URL, secret }));
      agent.logger.error({ password: secret });
      await db.query("DO $do$ BEGIN RAISE WARNING '%', $m$" + secret + "$m$; END $do$");
      const inner = new AggregateError([new Error(secret)], 'inner ' + JSON.stringify({ secret }));
      throw new Error('outer ' + encodeURIComponent(secret), { cause: inner });`);
    for (const args of COMMANDS) {
      for (const command of [args, [...args, '--json']]) {
        const { stdout, stderr } = await printed(cwd, command);
        for (const form of FORMS)
          expect(`${command.join(' ')}: ${stdout}${stderr}`).not.toContain(form);
        if (command.includes('--json')) JSON.parse(stdout);
      }
    }
    const rows = await stored();
    expect(rows).toContain('leak');
    for (const form of FORMS) expect(rows).not.toContain(form);
  });

  it('E5: neither a terminal nor a CI gets commands from messages of others', async () => {
    const cwd = await projectWith(`
      const bad = 'row\\n::set-output name=a::b\\r\\n  ::error::x\\n##vso[task.complete]\\u001b[2J\\u009b2J\\u202e';
      agent.logger.info(bad);
      await db.query("DO $do$ BEGIN RAISE EXCEPTION '%', $m$" + bad + "$m$; END $do$");`);
    for (const args of COMMANDS) {
      for (const command of [args, [...args, '--json']]) {
        const { stdout, stderr } = await printed(cwd, command);
        const text = stdout + stderr;
        expect(text).not.toMatch(/^\s*::|##\w*\[|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/m);
      }
    }
    expect(await stored()).not.toMatch(/\\u001b|\u009b|\u202e/);
  });

  it('E5: five million characters in an error and in a log line are cut with a count', async () => {
    const cwd = await projectWith(`
      const long = 'a'.repeat(5_000_000);
      agent.logger.info(long);
      throw new Error(long);`);
    const { stdout, stderr, exitCode } = await printed(cwd, ['migrate']);
    expect(exitCode).toBe(1);
    expect(stdout.length + stderr.length).toBeLessThan(60_000);
    expect(stdout + stderr).toContain('(4990000 more characters)');
    expect((await stored()).length).toBeLessThan(60_000);
  });
});
