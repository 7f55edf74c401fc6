import { copyFileSync, chmodSync, chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Client } from 'pg';
import { OPEN } from '../testing/databases';
import { startServer, type EmbeddedServer } from '../testing/embedded-server';
import { testServer, testServers } from '../testing/postgres';
import { MigratorError } from '../errors';
import { formatError } from '../report/format-error';
import { toJson } from '../report/to-json';
import { createDatabase } from './create-database';

const CANARY = 'canary-4f9c%2Fx';
const CERTIFICATES = join(__dirname, 'fixtures', 'tls');

async function connectTo(url: string, environment: { readonly protected?: boolean } = {}) {
  const database = await createDatabase(
    { kind: 'url', url, source: 'API_URL' },
    { workspaceRoot: tmpdir(), protected: environment.protected ?? false },
  );
  const session = await database.open(OPEN);
  const { rows } = await session.query<{ ssl: boolean }>(
    'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
  );
  await session.close();
  return rows[0];
}

async function refusal(
  url: string,
  environment?: { readonly protected?: boolean },
): Promise<MigratorError> {
  const error: unknown = await connectTo(url, environment).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(MigratorError);
  return error as MigratorError;
}

const suite = testServers().length > 0 ? describe : describe.skip;

suite('A connection that fails says where and what to do, and never the password', () => {
  let silent: Server;
  let silentPort: number;

  beforeAll(async () => {
    silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    silentPort = (silent.address() as AddressInfo).port;
  });
  afterAll(() => silent?.close());

  const server = (changes: Partial<Record<'username' | 'password' | 'pathname', string>>) =>
    Object.assign(new URL(testServer().url), { password: CANARY, ...changes }).href;
  const at = (port: number) => `postgres://app:${CANARY}@127.0.0.1:${port}/shop`;

  it.each([
    ['a wrong password', () => server({}), 'CONNECTION_FAILED', /refused the password of postgres/],
    ['an unknown user', () => server({ username: 'nobody' }), 'CONNECTION_FAILED', /nobody/],
    [
      'an unknown database',
      () => server({ password: new URL(testServer().url).password, pathname: '/never_made' }),
      'CONNECTION_FAILED',
      /has no database never_made/,
    ],
    [
      'a port where nobody listens',
      () => at(1),
      'CONNECTION_FAILED',
      /127\.0\.0\.1:1 is not listening/,
    ],
    [
      'an unknown host',
      () => `postgres://app:${CANARY}@nowhere.invalid/shop`,
      'CONNECTION_FAILED',
      /nowhere\.invalid:5432/,
    ],
    [
      'a socket that is not there',
      () => `postgres:///shop?host=/nowhere&user=app&password=${CANARY}`,
      'CONNECTION_FAILED',
      /has no socket there/,
    ],
    [
      'somebody who never answers',
      () => `${at(silentPort)}?connect_timeout=1`,
      'CONNECTION_FAILED',
      /did not answer in time/,
    ],
    [
      'TLS that the server does not offer',
      () => `${server({})}?sslmode=require`,
      'CONNECTION_FAILED',
      /offers no TLS/,
    ],
    [
      'a certificate file that is not there',
      () => `${server({})}?sslmode=verify-ca&sslrootcert=/nowhere.pem`,
      'INVALID_CONNECTION',
      /nowhere\.pem/,
    ],
    [
      'a url that does not parse',
      () => `postgres://app:${CANARY}@ho st/x y`,
      'INVALID_CONNECTION',
      /parse/,
    ],
    [
      'a bare slash in the password',
      () => `postgres://app:4/${CANARY}@db/x`,
      'INVALID_CONNECTION',
      /parse/,
    ],
    ['keywords', () => `host=db password=${CANARY}`, 'INVALID_CONNECTION', /keywords/],
  ])('%s', async (_, url, code, message) => {
    const error = await refusal(url());
    expect(error).toMatchObject({ code, where: 'API_URL' });
    expect(error.message).toMatch(message);
    expect(error.hint).toBeTruthy();
    // Everything that anybody might print, the cause included.
    const everything = [
      inspect(error, { depth: 10, showHidden: true }),
      error.stack,
      formatError(error),
      toJson(error),
    ].join('\n');
    expect(everything).not.toMatch(/canary/);
  });
});

suite('TLS, to a server with a certificate of its own authority', () => {
  let server: EmbeddedServer;
  const authority = join(CERTIFICATES, 'server.crt');
  const otherAuthority = join(CERTIFICATES, 'other.crt');

  beforeAll(async () => {
    server = await startServer(testServer().major);
    const { uid, gid } = statSync(server.dataFolder);
    for (const name of ['server.key', 'server.crt']) {
      const copy = join(server.dataFolder, name);
      copyFileSync(join(CERTIFICATES, name), copy);
      chownSync(copy, uid, gid);
      chmodSync(copy, 0o600);
    }
    const database = await createDatabase(
      { kind: 'url', url: server.url, source: 'API_URL' },
      { workspaceRoot: tmpdir(), protected: false },
    );
    const session = await database.open(OPEN);
    await session.query('ALTER SYSTEM SET ssl = on');
    await session.query('SELECT pg_reload_conf()');
    await session.close();
  });
  afterAll(() => server?.stop());

  const reload = async () => {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query('SELECT pg_reload_conf()');
    await client.end();
  };
  const url = (query: string, host = '127.0.0.1') =>
    `${server.url.replace('127.0.0.1', host)}${query}`;

  it.each([
    ['disable', false],
    ['prefer', true],
    ['require', true],
    ['no-verify', true],
  ])('sslmode=%s connects', async (mode, ssl) => {
    expect(await connectTo(url(`?sslmode=${mode}`))).toEqual({ ssl });
  });

  it('D6: sslnegotiation=direct connects where the server knows it', async () => {
    const direct = url('?sslmode=require&sslnegotiation=direct');
    if (server.major >= 17) expect(await connectTo(direct)).toEqual({ ssl: true });
    else expect(await refusal(direct)).toMatchObject({ code: 'CONNECTION_FAILED' });
  });

  it('D6: channel_binding=require sends no password without it, and connects with it', async () => {
    const required = url('?sslmode=require&channel_binding=require');
    const error = await refusal(required);
    expect(error.message).toContain('offers no channel binding');
    const rules = join(server.dataFolder, 'pg_hba.conf');
    const before = readFileSync(rules, 'utf8');
    writeFileSync(rules, before.replace(/\bpassword$/gm, 'scram-sha-256'));
    await reload();
    expect(await connectTo(required)).toEqual({ ssl: true });
    writeFileSync(rules, before);
    await reload();
  });

  it('verify-full connects where authority and host are right', async () => {
    const query = `?sslmode=verify-full&sslrootcert=${authority}`;
    expect(await connectTo(url(query, 'localhost'))).toEqual({ ssl: true });
  });

  it('verify-full refuses another host name, verify-ca does not mind', async () => {
    const error = await refusal(url(`?sslmode=verify-full&sslrootcert=${authority}`));
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED' });
    expect(error.message).toContain('certificate for another host');
    expect(await connectTo(url(`?sslmode=verify-ca&sslrootcert=${authority}`))).toEqual({
      ssl: true,
    });
  });

  it.each(['verify-ca', 'verify-full'])('%s refuses an unknown authority', async (mode) => {
    const error = await refusal(url(`?sslmode=${mode}`, 'localhost'));
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED' });
    expect(error.message).toContain('not trusted here');
    expect(error.hint).toContain('sslrootcert');
  });

  it.each(['require', 'verify-ca', 'verify-full'])(
    '%s refuses a server of another authority than the one it names',
    async (mode) => {
      const error = await refusal(
        url(`?sslmode=${mode}&sslrootcert=${otherAuthority}`, 'localhost'),
      );
      expect(error.code).toBe('CONNECTION_FAILED');
    },
  );
});
