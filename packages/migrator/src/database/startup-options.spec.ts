import type { MigratorError } from '../errors';
import { parseStartupOptions } from './startup-options';
import { parseUrl } from './url';

const parse = (url: string, env: NodeJS.ProcessEnv = {}) =>
  parseUrl(url, { source: 'API_URL', workspaceRoot: '/repo', protected: false, env });

function refusal(url: string, env?: NodeJS.ProcessEnv): MigratorError {
  try {
    parse(url, env);
  } catch (error) {
    return error as MigratorError;
  }
  throw new Error(`${url} was accepted.`);
}

describe('D6: options of a url that set what the runner sets', () => {
  it.each([
    ['-c search_path=app', '`schema`'],
    ['-csearch_path=app', '`schema`'],
    ['--search_path=app', '`schema`'],
    ['--search-path=app', '`schema`'],
    ['-c SEARCH_PATH=app', '`schema`'],
    ['-c search_path=app,\\ public', '`schema`'],
    ['-c work_mem=64MB -c statement_timeout=5s', '`statementTimeout`'],
    ['-c statement_timeout=0', '`statementTimeout`'],
    ['  -c   lock_timeout=1s', '`lockTimeout`'],
    ['-c idle_in_transaction_session_timeout=10s', 'sets it to 0'],
    ['-c client_encoding=LATIN1', 'unchanged'],
    ['-c DateStyle=SQL,DMY', 'ISO'],
    ['-c application_name=x', 'application_name=<name>'],
  ])('D6: %j is refused, and the way out is named', (options, hint) => {
    for (const error of [
      refusal(`postgres://a:canary@b/c?options=${encodeURIComponent(options)}`),
      refusal('postgres://a:canary@b/c?env', { PGOPTIONS: options }),
    ]) {
      expect(error).toMatchObject({ code: 'INVALID_CONNECTION', where: 'API_URL' });
      expect(error.hint).toContain(hint);
      expect(`${error.message} ${error.hint}`).not.toMatch(/canary|LATIN1|64MB/);
    }
  });

  it.each(['-c', '-c search_path', 'search_path=app', '-F', '-d 3', '-c 1x=2', '--', '-e'])(
    'D6: %j is refused, because it is no setting',
    (options) => {
      const error = refusal(`postgres://a@b/c?options=${encodeURIComponent(options)}`);
      expect(error.message).toContain('options that are not settings');
    },
  );
});

describe('D6: other options of a url', () => {
  it.each([
    ['-c geqo=off', { geqo: 'off' }],
    ['-c role=app --TimeZone=Europe/Berlin', { role: 'app', timezone: 'Europe/Berlin' }],
    ['-c app.tenant=a\\ b\\\\c', { 'app.tenant': 'a b\\c' }],
    ['-c work_mem=1MB -cwork_mem=2MB', { work_mem: '2MB' }],
    ['-c\tgeqo=off\n', { geqo: 'off' }],
    ['-c my.empty=', { 'my.empty': '' }],
    ['-c bytea_output=hex -c client_encoding=utf-8', {}],
    ['-c DateStyle=ISO,DMY', { datestyle: 'ISO,DMY' }],
    ['', {}],
  ])('D6: %j is kept', (options, settings) => {
    expect(parseStartupOptions(options)).toEqual({ settings, proxyWords: [] });
  });

  it('D6: words for the proxies of hosted databases are kept', () => {
    expect(parseStartupOptions('endpoint=ep-cool-1 -c geqo=off')).toEqual({
      settings: { geqo: 'off' },
      proxyWords: ['endpoint=ep-cool-1'],
    });
  });
});

describe('D6: urls with several hosts', () => {
  const servers = (url: string, env?: NodeJS.ProcessEnv) => {
    const address = parse(url, env);
    if (address.driver !== 'postgres') throw new Error('no server');
    return [address, ...address.others].map(({ host, port }) => `${host} ${port}`);
  };

  it.each([
    ['postgres://u@a:1,b:2/db', ['a 1', 'b 2']],
    ['postgres://u@a,b/db', ['a 5432', 'b 5432']],
    ['postgres://u@a,b:2/db', ['a 5432', 'b 2']],
    ['postgres://u@[::1]:1,[fe80::2],c/db', ['::1 1', 'fe80::2 5432', 'c 5432']],
    ['postgres://u@/db?host=a,b&port=7', ['a 7', 'b 7']],
    ['postgres://u@/db?host=a,b&port=7,8', ['a 7', 'b 8']],
    ['postgres://u@%2Frun%2Fpg,b/db', ['/run/pg 5432', 'b 5432']],
  ])('D6: %s', (url, expected) => {
    expect(servers(url)).toEqual(expected);
  });

  it('D6: also from the variables of libpq', () => {
    const env = { PGHOST: 'a,b', PGPORT: '1,2', PGUSER: 'u', PGDATABASE: 'd' };
    expect(servers('postgres://?env', env)).toEqual(['a 1', 'b 2']);
  });

  it.each([
    ['postgres://u@a,,b/db', 'an empty name'],
    ['postgres://u@a,b/db?port=1,2,3', '3 ports for 2 hosts'],
    ['postgres://u@a:1,b:x/db', 'does not parse'],
    ['postgres://u@a,b/db?target_session_attrs=writable', 'target_session_attrs'],
  ])('D6: %s is refused', (url, what) => {
    expect(refusal(url).message).toContain(what);
  });

  it('D6: TLS is decided for each host', () => {
    expect(() =>
      parseUrl('postgres://u@localhost,far/db?sslmode=disable', {
        source: 'API_URL',
        workspaceRoot: '/',
        protected: true,
        env: {},
      }),
    ).toThrow('sslmode=disable');
  });
});

describe('D6: parameters of libpq and of hosted databases', () => {
  it.each([
    'target_session_attrs=read-write',
    'gssencmode=disable',
    'gssencmode=prefer',
    'keepalives=1&keepalives_idle=30',
    'sslmode=require&sslnegotiation=direct',
    'sslmode=require&channel_binding=require',
    'load_balance_hosts=random',
    'fallback_application_name=x&application_name=y',
    'client_encoding=utf8',
    'replication=false',
    'uselibpqcompat=true&sslmode=require',
    'pgbouncer=false',
    'sslsni=1&sslcompression=0&requiressl=0&tcp_user_timeout=0',
    'ssl_min_protocol_version=TLSv1.2',
    'sslcrl=/crl.pem&sslkey=/k&sslcert=/c&sslpassword=canary-key',
    'passfile=/secrets/pgpass',
    'connect_timeout=0',
  ])('D6: %s works', (query) => {
    expect(parse(`postgres://u@db/shop?${query}`)).toMatchObject({ driver: 'postgres' });
  });

  it.each([
    ['gssencmode=require', 'gssencmode=disable'],
    ['keepalives_interval=5', 'keepalives_idle'],
    ['keepalives_count=5', 'keepalives_idle'],
    ['tcp_user_timeout=5000', 'Node cannot'],
    ['service=prod', 'not read'],
    ['sslnegotiation=direct', 'sslmode'],
    ['sslmode=disable&channel_binding=require', 'sslmode'],
    ['channel_binding=always', 'require'],
    ['requiressl=1', 'sslmode=require'],
    ['sslsni=0', 'SNI'],
    ['require_auth=scram-sha-256', 'channel_binding'],
    ['hostaddr=10.0.0.1', 'as host'],
    ['replication=database', 'SQL'],
    ['client_encoding=LATIN1', 'UTF8'],
    ['uselibpqcompat=false', 'sslmode'],
    ['krbsrvname=pg', 'Kerberos'],
    ['connection_limit=5', 'Prisma'],
    ['pool_timeout=5', 'Prisma'],
    ['schema=app', '`schema`'],
    ['currentSchema=app', '`schema`'],
    ['search_path=app', '`schema`'],
    ['statement_timeout=5', '`statementTimeout`'],
    ['endpoint=ep-1', 'options=endpoint'],
    ['pgbouncer=true', 'direct'],
    ['ssl=true', 'sslmode'],
  ])('D6: %s is refused, with what to do', (query, hint) => {
    const error = refusal(`postgres://u:canary@db/shop?${query}`);
    expect(error.code).toBe('INVALID_CONNECTION');
    expect(error.hint).toContain(hint);
    expect(`${error.message} ${error.hint}`).not.toContain('canary');
  });

  it.each([
    ['PGSERVICE', 'prod'],
    ['PGGSSENCMODE', 'require'],
    ['PGREQUIREAUTH', 'none'],
  ])('D6: the variable %s is refused under ?env, and not read otherwise', (name, value) => {
    expect(refusal('postgres://u@db/shop?env', { [name]: value }).message).toContain(name);
    expect(parse('postgres://u@db/shop', { [name]: value })).toMatchObject({ host: 'db' });
  });
});
