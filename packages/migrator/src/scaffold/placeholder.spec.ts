import { readFileSync, writeFileSync } from 'node:fs';
import { TemporaryFiles } from '../config/testing/temporary-files';
import { MigrationAgent } from '../agent';
import { MigratorError } from '../errors';
import { generateMigration } from './generate-migration';

const temporary = new TemporaryFiles();
afterEach(() => temporary.clean());

/** A project on an embedded database, with a placeholder and a migration that is complete. */
async function project() {
  const projectRoot = temporary.make({ 'package.json': { name: 'api' } });
  await generateMigration({ projectRoot, name: 'create_teams' });
  const placeholder = await generateMigration({ projectRoot, name: 'add_users' });
  const agent = async () => {
    const [one] = await MigrationAgent.load({ projectRoot, env: {} });
    if (one === undefined) throw new Error('There is no database.');
    return one;
  };
  const states = async () =>
    (await (await agent()).status()).migrations.map(({ name, state }) => `${name} ${state}`);
  return { agent, states, placeholder };
}

const codeOf = async (command: Promise<unknown>) =>
  command.then(
    () => 'done',
    (error: unknown) => (error instanceof MigratorError ? error.code : error),
  );

test('F1: no command runs or records a placeholder, and nothing else runs before it', async () => {
  const { agent, states, placeholder } = await project();
  const commands: ((one: MigrationAgent) => Promise<unknown>)[] = [
    (one) => one.migrate({ mode: 'dry-run' }),
    (one) => one.migrate(),
    (one) => one.baseline({ to: 'add_users', mode: 'dry-run' }),
    (one) => one.baseline({ to: 'add_users' }),
    (one) => one.repair({ migration: 'add_users', action: 'mark-applied', mode: 'run' }),
  ];
  const codes = [];
  for (const command of commands) codes.push(await codeOf(command(await agent())));
  expect(codes.slice(0, 4)).toEqual(Array(4).fill('MIGRATION_NOT_WRITTEN'));
  expect(codes[4]).not.toBe('done');
  expect(await states()).toEqual(['create_teams pending', 'add_users pending']);
  expect(placeholder.notWritten).toBe(
    'The name add_users does not say what to change: write up and down.',
  );
}, 60_000);

test('F1: an edited placeholder runs, and a rollback without a down is refused', async () => {
  const { agent, states, placeholder } = await project();
  const { path } = placeholder;
  const edited = readFileSync(path, 'utf8')
    .replace('…', 'CREATE TABLE users (id int)')
    .replace(/^ *notWritten:[^]*?',$/m, '');
  writeFileSync(path, edited);

  expect((await (await agent()).migrate()).status).toBe('done');
  const rollback = (await agent()).rollback({
    selection: { kind: 'migration', nameOrVersion: 'add_users' },
  });
  expect(await codeOf(rollback)).toBe('NO_DOWN');
  expect(await states()).toEqual(['create_teams applied', 'add_users applied']);
}, 60_000);

test('F1: a placeholder whose gap was left open fails and changes nothing', async () => {
  const { agent, placeholder } = await project();
  const { path } = placeholder;
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^ *notWritten:[^]*?',$/m, ''));
  const result = await (await agent()).migrate().catch((error: unknown) => error);
  expect(JSON.stringify(result)).toMatch(/syntax error|SQL_SYNTAX_ERROR/);
}, 60_000);
