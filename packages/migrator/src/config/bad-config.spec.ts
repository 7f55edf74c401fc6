import { join } from 'node:path';
import { MigratorError } from '../errors';
import { checkConfig } from './check-config';
import { loadProjectConfig } from './load-project-config';
import { resolveSettings, type ResolveSettingsOptions } from './resolve-settings';

const inFixture = (name: string) => join(__dirname, 'fixtures', name);

async function load(fixture: string) {
  const root = inFixture(fixture);
  return loadProjectConfig({ projectRoot: root, workspaceRoot: root, project: 'api' });
}

async function settings(fixture: string, options: Partial<ResolveSettingsOptions> = {}) {
  return resolveSettings(await load(fixture), { env: {}, ...options });
}

async function refusal(work: Promise<unknown>): Promise<MigratorError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MigratorError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('an environment', () => {
  test('that is unknown is refused, naming those there are and the nearest', async () => {
    const error = await refusal(settings('three-environments', { environment: 'stagin' }));
    expect(error.code).toBe('UNKNOWN_ENVIRONMENT');
    expect(error.message).toContain('There is no environment "stagin" in ');
    expect(error.hint).toBe(
      'Did you mean “staging”? The environments are development, staging, production.',
    );
  });

  test('that is empty is refused', async () => {
    const error = await refusal(settings('three-environments', { environment: '' }));
    expect(error.code).toBe('UNKNOWN_ENVIRONMENT');
    expect(error.message).toBe('The name of the environment is empty.');
  });

  test.each([
    ['', 'The name of the environment is empty (from NODE_ENV).'],
    ['test', 'There is no environment "test" (from NODE_ENV) in'],
  ])('from NODE_ENV=%j is refused, never replaced by another', async (NODE_ENV, message) => {
    const error = await refusal(settings('three-environments', { env: { NODE_ENV } }));
    expect(error.code).toBe('UNKNOWN_ENVIRONMENT');
    expect(error.message).toContain(message);
  });

  test('called like a member of every object is as unknown as any other', async () => {
    const error = await refusal(settings('three-environments', { environment: 'toString' }));
    expect(error.code).toBe('UNKNOWN_ENVIRONMENT');
  });

  test('that the configuration lacks says so when development is only the default', async () => {
    const error = await refusal(settings('several-databases'));
    expect(error.message).toContain(
      'There is no environment "development" (the default, as NODE_ENV is not set) in ',
    );
  });
});

describe('a url', () => {
  test('in a variable that is not set names the variable and where it was looked for', async () => {
    const error = await refusal(settings('three-environments', { environment: 'staging' }));
    expect(error.code).toBe('INVALID_CONNECTION');
    expect(error.message).toBe(
      'The environment variable STAGING_DATABASE_URL is not set; environments.staging.url takes the url of the database from it.',
    );
    expect(error.hint).toContain('environment of this process');
    expect(error.hint).toContain('.env file');
  });

  test.each(['', '  '])('in a variable that holds %j is refused as empty', async (value) => {
    const env = { STAGING_DATABASE_URL: value };
    const error = await refusal(settings('three-environments', { environment: 'staging', env }));
    expect(error.code).toBe('INVALID_CONNECTION');
    expect(error.message).toContain('STAGING_DATABASE_URL is empty');
  });

  test('in a variable of another environment harms nobody', async () => {
    await expect(settings('three-environments')).resolves.toHaveLength(1);
  });

  test.each([
    ['undefined-url', 'environments.development.url in db.config.mjs is not set.'],
    ['empty-url', 'environments.development.url in db.config.json is empty.'],
    [
      'dsn-url',
      'environments.development.url in db.config.json holds keywords (host=… user=…), not a url.',
    ],
    [
      'mysql-url',
      'environments.development.url in db.config.json does not hold the url of a database.',
    ],
  ])('as in fixture %s is refused', async (fixture, message) => {
    const error = await refusal(settings(fixture));
    expect(error.code).toBe('INVALID_CONNECTION');
    expect(error.message).toBe(message);
    expect(JSON.stringify([error.message, error.hint, error.problems])).not.toContain('canary');
  });

  test('in a variable, shaped like a keyword string, is refused without being shown', async () => {
    const env = { STAGING_DATABASE_URL: 'host=db password=canary-secret' };
    const error = await refusal(settings('three-environments', { environment: 'staging', env }));
    expect(error.message).toContain('holds keywords');
    expect(JSON.stringify([error.message, error.hint, error.problems])).not.toContain('canary');
  });

  test.each([
    ['"postgres://app:canary-1@db/shop"', 'begins with a quotation mark', 'Remove the quotation'],
    ["'postgres://app:canary-1@db/shop'", 'begins with a quotation mark', 'docker run --env-file'],
    ['${DATABASE_URL}', 'a reference to another variable', 'to the url itself'],
    ['$DATABASE_URL', 'a reference to another variable', 'to the url itself'],
    ['{{ secrets.canary }}', 'a reference to another variable', 'to the url itself'],
    ['%DATABASE_URL%', 'a reference to another variable', 'to the url itself'],
    ['$(cat canary)', 'a reference to another variable', 'to the url itself'],
    ['jdbc:postgresql://db/shop?password=canary-1', 'holds a url of JDBC', 'without "jdbc:"'],
    ['$canary-password', 'a reference to another variable', 'to the url itself'],
    ['canary', 'does not hold the url of a database', 'Write it as postgres://'],
  ])('in a variable, given as %s, is named for what it is', async (value, message, hint) => {
    const env = { STAGING_DATABASE_URL: value };
    const error = await refusal(settings('three-environments', { environment: 'staging', env }));
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
    expect(JSON.stringify([error.message, error.hint, error.problems])).not.toContain('canary');
  });

  test('is looked up for all databases of an environment at once', async () => {
    const error = await refusal(settings('several-databases', { environment: 'production' }));
    expect(error.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('EU_DATABASE_URL is not set'),
      expect.stringContaining('US_DATABASE_URL is not set'),
    ]);
  });
});

describe('a schema', () => {
  test.each([
    ['long-schema', 'schema is 64 bytes long; Postgres cuts identifiers off at 63.'],
    [
      'long-schema-in-bytes',
      'environments.development.schema is 64 bytes long; Postgres cuts identifiers off at 63.',
    ],
    ['long-search-path', 'searchPath[1] is 64 bytes long; Postgres cuts identifiers off at 63.'],
  ])('as in fixture %s is too long', async (fixture, message) => {
    const error = await refusal(load(fixture));
    expect(error.code).toBe('IDENTIFIER_TOO_LONG');
    expect(error.message).toBe(message);
  });

  test.each([
    ['nul-in-schema', 'schema must not hold a NUL character.'],
    ['empty-schema', 'schema must not be empty.'],
    ['schema-of-postgres', 'schema is a schema of Postgres itself.'],
  ])('as in fixture %s is refused', async (fixture, message) => {
    const error = await refusal(load(fixture));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toBe(message);
  });

  test('with a quote in it is a name like any other, for the database to escape', async () => {
    const [only] = await settings('hostile-schema');
    expect(only?.schema).toBe('x"; DROP SCHEMA public CASCADE; --');
    expect(only?.searchPath).toEqual(['x"; DROP SCHEMA public CASCADE; --', 'y"y', 'public']);
  });
});

describe('the former names of an environment', () => {
  const checked = (environments: object) => {
    try {
      checkConfig({ environments }, 'db.config.json');
      return [];
    } catch (error) {
      return (error as MigratorError).problems.map(({ message }) => message);
    }
  };

  test.each([
    [{ preview: { renamedFrom: ['staging', 'test'] } }, []],
    [
      { staging: {}, preview: { renamedFrom: ['staging'] } },
      [
        'environments.preview.renamedFrom names "staging", which is an environment of this configuration.',
      ],
    ],
    [
      { a: { renamedFrom: ['x'] }, b: { renamedFrom: ['x'] } },
      ['environments.b.renamedFrom names "x", which a names as well.'],
    ],
    [
      { a: { renamedFrom: 'x' } },
      ['environments.a.renamedFrom: expected an array of former names, found "x".'],
    ],
  ])('of %j are checked', (environments, messages) => {
    expect(checked(environments)).toEqual(messages);
  });
});

describe('a configuration', () => {
  test('with many mistakes reports each of them', async () => {
    const error = await refusal(load('many-mistakes'));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.problems.map(({ message }) => message).sort()).toEqual([
      'environments.development.lockTimout is not a known key. Did you mean “lockTimeout”?',
      "environments.development.url: expected a url or { env: 'NAME' of an environment variable }.",
      'environments.production.lockRetries: expected a whole number from 0 to 100, found -1.',
      'environments.production.protected: expected true or false, found "yes".',
      'environments.production.url.env must not be empty.',
      "loadTimeout: expected a duration such as '5s', '500ms', '2m' or a number of milliseconds, found \"5 parsecs\".",
      'migration is not a known key. Did you mean “migrations”?',
      "outOfOrder: expected 'refuse' or 'allow', found \"sometimes\".",
    ]);
    expect(error.problems[0]?.where).toContain(join('many-mistakes', 'db.config.json'));
  });

  test.each([
    ['no-environments', 'environments holds no environments, at least one is needed.'],
    ['hostile-environment', 'environments["prod; rm -rf"] is not a name for environments'],
    ['proto-environment', 'environments holds a reserved name'],
    ['url-and-databases', 'environments.development has both url and databases'],
    ['no-default-export', 'has no default export.'],
    ['function-export', 'exports a function; export the configuration itself.'],
    ['list-export', 'does not export an object.'],
    ['not-json', 'could not be read as JSON'],
    ['two-configurations', 'has 2 configurations: db.config.ts, db.config.json.'],
  ])('as in fixture %s is refused', async (fixture, message) => {
    const error = await refusal(load(fixture));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain(message);
  });

  test('that throws while it is loaded says what it threw', async () => {
    const error = await refusal(load('throwing'));
    expect(error.code).toBe('LOAD_FAILED');
    expect(error.message).toContain('no vault here');
  });

  test('of a project that does not exist is refused', async () => {
    const error = await refusal(load('no-such-folder'));
    expect(error.code).toBe('PROJECT_NOT_FOUND');
  });
});

describe('an option', () => {
  test('that names an unknown database is refused with the nearest', async () => {
    const error = await refusal(
      settings('several-databases', { environment: 'production', database: 'uss' }),
    );
    expect(error.code).toBe('UNKNOWN_DATABASE');
    expect(error.hint).toBe('Did you mean “us”? The databases are eu, us.');
  });

  test('that names a database where there is only one is refused', async () => {
    const error = await refusal(settings('three-environments', { database: 'eu' }));
    expect(error.code).toBe('UNKNOWN_DATABASE');
  });

  test('that is no duration is refused, all of them at once', async () => {
    const overrides = { lockWait: 'soon', lockTimeout: -1 };
    const error = await refusal(settings('three-environments', { overrides }));
    expect(error.problems.map(({ code, where }) => [code, where])).toEqual([
      ['INVALID_ARGUMENT', 'lockTimeout'],
      ['INVALID_ARGUMENT', 'lockWait'],
    ]);
  });

  test('with one connection for several databases is refused', async () => {
    const connection = { query: () => Promise.resolve({ rows: [] }) };
    const error = await refusal(
      settings('several-databases', { environment: 'production', connection }),
    );
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain('2 databases: eu, us');
  });
});
