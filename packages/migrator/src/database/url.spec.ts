import type { MigratorError } from '../errors';
import { redact } from '../text/redact';
import { parseUrl, type DatabaseAddress } from './url';

interface Surroundings {
  readonly protected?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

function parse(url: string, { protected: isProtected = false, env = {} }: Surroundings = {}) {
  return parseUrl(url, { source: 'API_URL', workspaceRoot: '/repo', protected: isProtected, env });
}

function refusal(url: string, surroundings?: Surroundings): MigratorError {
  try {
    parse(url, surroundings);
  } catch (error) {
    return error as MigratorError;
  }
  throw new Error(`${url} was accepted.`);
}

const encryption = (address: DatabaseAddress) =>
  address.driver === 'postgres' && [address.tls.encryption, address.tls.verify];

describe('The url of a server', () => {
  it('says everything itself', () => {
    expect(
      parse('postgresql://app:p%40ss%2Fw%C3%B6rd@db.example:6543/shop?connect_timeout=3'),
    ).toMatchObject({
      driver: 'postgres',
      host: 'db.example',
      port: 6543,
      user: 'app',
      password: 'p@ss/wörd',
      database: 'shop',
      connectTimeoutMs: 3_000,
    });
  });

  it.each([
    ['a bare @ in the password', 'postgres://app:p@ss@db/shop', { host: 'db', password: 'p@ss' }],
    ['no password', 'postgres://app@db/shop', { user: 'app', password: undefined, port: 5432 }],
    ['an IPv6 address', 'postgres://app@[::1]:5433/shop', { host: '::1', port: 5433 }],
    ['a socket', 'postgresql:///shop?host=/run/pg&user=app', { host: '/run/pg', database: 'shop' }],
    ['a socket as host', 'postgresql://app@%2Frun%2Fpg/shop', { host: '/run/pg' }],
    ['capital letters', 'POSTGRES://app@DB/Shop', { host: 'DB', database: 'Shop' }],
    [
      'options of the server',
      'postgres://a@b/c?options=-c%20geqo%3Doff',
      { options: { settings: { geqo: 'off' }, proxyWords: [] } },
    ],
  ])('with %s', (_, url, expected) => {
    expect(parse(url)).toMatchObject(expected);
  });

  it.each([
    ['nothing', '', 'is empty'],
    ['spaces', '  ', 'is empty'],
    ['keywords of libpq', 'host=db dbname=shop password=canary-1', 'holds keywords'],
    ['another database', 'mysql://app@db/shop', 'is not the url of a database'],
    ['a word', 'production', 'is not the url of a database'],
    ['no host', 'postgres://app@/shop', 'names no host'],
    ['nothing at all', 'postgres://', 'names no host'],
    ['no slashes', 'postgres:shop', 'does not parse'],
    ['no user', 'postgres://db/shop', 'names no user'],
    ['no database', 'postgres://app@db', 'names no database'],
    ['an empty database', 'postgres://app@db/', 'names no database'],
    ['a port of letters', 'postgres://app@db:canary/shop', 'does not parse'],
    ['port 0', 'postgres://app@db:0/shop', 'has a port that is not'],
    ['port 65536', 'postgres://app@db:65536/shop', 'has a port that is not'],
    ['a slash in the password', 'postgres://app:12/canary@db/shop', 'does not parse'],
    ['a ? in the password', 'postgres://app:12?canary@db/shop', 'does not parse'],
    ['a # in the password', 'postgres://app:12#canary@db/shop', 'does not parse'],
    ['a broken escape', 'postgres://app:100%canary@db/shop', 'has a broken % escape'],
    ['a NUL', 'postgres://app:%00canary@db/shop', 'has a broken % escape'],
    ['a line break', 'postgres://app@db/shop\n?x', 'holds a control character'],
    ['an unknown parameter', 'postgres://app@db/shop?sslmod=require', 'the parameter "sslmod"'],
    ['an unknown sslmode', 'postgres://app@db/shop?sslmode=allow', 'an sslmode that is not known'],
    ['the parameter of a pooler', 'postgres://app@db/shop?pgbouncer=true', '"pgbouncer"'],
  ])('is refused with %s', (_, url, what) => {
    const error = refusal(url);
    expect(error).toMatchObject({ code: 'INVALID_CONNECTION', where: 'API_URL' });
    expect(error.message).toContain('(from API_URL)');
    expect(error.message).toContain(what);
    expect(error.hint).toBeTruthy();
    expect(`${error.message} ${error.hint}`).not.toContain('canary');
  });

  it('that is undefined is refused', () => {
    expect(refusal(undefined as unknown as string).code).toBe('INVALID_CONNECTION');
  });

  it('makes its password a secret', () => {
    parse('postgres://app:pass%2Fcanary-77@db/shop');
    expect(redact('raw pass/canary-77, encoded pass%2Fcanary-77')).toBe('raw ***, encoded ***');
  });
});

describe('The variables of libpq', () => {
  const env = {
    PGHOST: 'db.example',
    PGPORT: '6543',
    PGUSER: 'app',
    PGPASSWORD: 'canary-env',
    PGDATABASE: 'shop',
    PGSSLMODE: 'verify-full',
  };

  it('count where the url says ?env', () => {
    expect(parse('postgres://?env', { env })).toMatchObject({
      host: 'db.example',
      port: 6543,
      user: 'app',
      password: 'canary-env',
      database: 'shop',
      tls: { verify: 'authority-and-host' },
    });
  });

  it('yield to what the url says', () => {
    expect(parse('postgres://other@localhost/?env', { env })).toMatchObject({
      host: 'localhost',
      user: 'other',
      database: 'shop',
    });
  });

  it('count for nothing otherwise', () => {
    expect(refusal('postgres://', { env }).message).toContain('names no host');
    expect(parse('postgres://app@db/shop', { env })).toMatchObject({
      port: 5432,
      password: undefined,
    });
  });

  it('that are not set are no reason to guess', () => {
    expect(refusal('postgres://?env', { env: { ...env, PGHOST: '' } }).message).toContain(
      'names no host',
    );
  });
});

describe('TLS', () => {
  it.each([
    ['db', '', ['if-offered', 'nothing']],
    ['db', 'disable', ['never', 'nothing']],
    ['db', 'prefer', ['if-offered', 'nothing']],
    ['db', 'require', ['always', 'nothing']],
    ['db', 'no-verify', ['always', 'nothing']],
    ['db', 'verify-ca', ['always', 'authority']],
    ['db', 'verify-full', ['always', 'authority-and-host']],
    ['localhost', '', ['never', 'nothing']],
    ['127.0.0.1', '', ['never', 'nothing']],
    ['[::1]', 'verify-full', ['always', 'authority-and-host']],
    ['%2Frun%2Fpg', 'verify-full', ['never', 'nothing']],
  ])('to %s with sslmode %j', (host, mode, expected) => {
    expect(encryption(parse(`postgres://app@${host}/shop?sslmode=${mode}`))).toEqual(expected);
  });

  it.each(['', 'require', 'verify-full'])('in a protected environment, %j verifies', (mode) => {
    const address = parse(`postgres://app@db/shop?sslmode=${mode}`, { protected: true });
    expect(encryption(address)).toEqual(['always', 'authority-and-host']);
  });

  it.each(['disable', 'prefer', 'no-verify'])(
    'in a protected environment, %j is refused',
    (mode) => {
      const error = refusal(`postgres://app@db/shop?sslmode=${mode}`, { protected: true });
      expect(error.code).toBe('INVALID_CONNECTION');
      expect(error.message).toContain(`sslmode=${mode}`);
      expect(error.hint).toContain('verify-full');
    },
  );

  it.each(['localhost.example.com', '127.0.0.1.nip.io', '10.0.0.1', '0.0.0.0'])(
    'takes %s for another host',
    (host) => {
      const address = parse(`postgres://app@${host}/shop`, { protected: true });
      expect(encryption(address)).toEqual(['always', 'authority-and-host']);
    },
  );

  it('in a protected environment, a server on this host may do without', () => {
    expect(encryption(parse('postgres://app@localhost/shop', { protected: true }))).toEqual([
      'never',
      'nothing',
    ]);
  });
});

describe('The url of an embedded database', () => {
  it.each([
    ['pglite:.data/development', '/repo/.data/development'],
    ['pglite:./data', '/repo/data'],
    ['pglite://.data/dev', '/repo/.data/dev'],
    ['pglite:///var/data', '/var/data'],
    ['pglite:/var/my%20data', '/var/my data'],
    ['pglite:memory', '/repo/memory'],
  ])('%s is a folder', (url, folder) => {
    expect(parse(url)).toMatchObject({ driver: 'pglite', folder });
  });

  it.each([
    ['pglite:memory:', 'memory'],
    ['pglite://memory:', 'memory'],
    ['pglite:memory://', 'memory'],
    ['pglite:memory:first', 'memory:first'],
  ])('%s is memory', (url, name) => {
    expect(parse(url)).toEqual({ driver: 'pglite', folder: undefined, name });
  });

  it.each(['pglite:', 'pglite://', 'pglite:%', 'pglite:%00', 'pglite:data?x=1'])(
    '%s is refused',
    (url) => {
      expect(refusal(url).code).toBe('INVALID_CONNECTION');
    },
  );
});
