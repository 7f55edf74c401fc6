import { MigratorError } from '../errors';
import type { MigrationFile } from '../migration/types';
import { nextVersion } from './next-version';
import { scaffoldMigration, type ScaffoldOptions } from './scaffold-migration';
import { evaluateScaffold } from './testing/run-scaffold';

const NOW = new Date('2025-09-17T10:22:00Z');

const file = (project: string, version: string, name: string): MigrationFile => ({
  id: `${project}:${version}`,
  project,
  version,
  name,
  path: `/repo/${project}/migrations/${version}_${name}.ts`,
  checksum: '0'.repeat(64),
});

const api = [
  file('api', '20250901000000', 'create_sessions'),
  file('api', '20250902000000', 'tidy'),
  file('api', '20250903000000', 'tidy'),
];
const users = [file('users', '20250910090000', 'create_users')];

const scaffold = (over: Partial<ScaffoldOptions>) =>
  scaffoldMigration({
    project: 'api',
    migrationsFolder: '/repo/api/migrations',
    name: 'add_teams',
    description: '',
    dependencies: [],
    now: NOW,
    existing: api,
    resolveProject: (name) => Promise.resolve(name === 'users' ? users : undefined),
    projectNames: ['api', 'users'],
    ...over,
  });

async function refusal(over: Partial<ScaffoldOptions>): Promise<MigratorError> {
  const outcome: unknown = await scaffold(over).catch((error: unknown) => error);
  if (outcome instanceof MigratorError) return outcome;
  throw new Error('expected a refusal');
}

test.each(['Add teams', 'add-teams', 'addTeams', 'add_teams', '  Add  Teams! '])(
  '%j becomes a file called after now and the name in snake_case',
  async (name) => {
    await expect(scaffold({ name })).resolves.toMatchObject({
      fileName: '20250917102200_add_teams.ts',
      path: '/repo/api/migrations/20250917102200_add_teams.ts',
      version: '20250917102200',
      name: 'add_teams',
    });
  },
);

test('a description is the name as a sentence unless given', async () => {
  expect(evaluateScaffold((await scaffold({})).source).description).toBe('Add teams');
  const given = await scaffold({ description: 'Teams of users' });
  expect(evaluateScaffold(given.source).description).toBe('Teams of users');
});

test.each([
  '',
  '   ',
  '../evil',
  'a/b',
  'a\\b',
  'nul\0',
  'line\nbreak',
  '2fast',
  '表',
  'x'.repeat(101),
])('the name %j is refused', async (name) => {
  expect((await refusal({ name })).code).toBe('INVALID_NAME');
});

describe('a version', () => {
  test('is now where nothing is newer', () => {
    expect(nextVersion(NOW, ['20250917102159'])).toBe('20250917102200');
    expect(nextVersion(NOW, [])).toBe('20250917102200');
  });

  test('comes after the newest, so that it neither collides nor is out of order', () => {
    expect(nextVersion(NOW, ['20250917102200'])).toBe('20250917102201');
    expect(nextVersion(NOW, ['20991231235959', '20250101000000'])).toBe('21000101000000');
  });

  test('cannot come after the end of time', () => {
    expect(() => nextVersion(NOW, ['99991231235959'])).toThrow('No version comes after');
  });
});

describe('dependencies', () => {
  test.each([
    ['create_sessions', '20250901000000'],
    ['Create sessions', '20250901000000'],
    ['20250901000000', '20250901000000'],
    ['20250902000000', '20250902000000'],
    ['20250902000000_tidy', '20250902000000'],
    ['20250902000000_tidy.ts', '20250902000000'],
    ['api:create_sessions', '20250901000000'],
    ['users:create_users', 'users:20250910090000'],
    ['users:20250910090000', 'users:20250910090000'],
  ])('%s is written as %s', async (given, written) => {
    const { dependencies, source } = await scaffold({ dependencies: [given] });
    expect(dependencies).toEqual([written]);
    expect(evaluateScaffold(source).dependencies).toEqual([written]);
  });

  test('are written once each', async () => {
    const dependencies = ['create_sessions', '20250901000000', 'users:create_users'];
    expect((await scaffold({ dependencies })).dependencies).toEqual([
      '20250901000000',
      'users:20250910090000',
    ]);
  });

  test('name projects without their scope as nx run does, if only one has that name', async () => {
    const scoped = [file('@acme/users', '20250910090000', 'create_users')];
    const over = {
      project: '@acme/api',
      projectNames: ['@acme/api', '@acme/users', '@other/users', '@acme/my-users', '@acme/teams'],
      resolveProject: (name: string) =>
        Promise.resolve(name === '@acme/users' || name === '@acme/teams' ? scoped : undefined),
    };
    const one = await scaffold({
      ...over,
      dependencies: ['teams:create_users', 'api:create_sessions'],
    });
    expect(one.dependencies).toEqual(['@acme/users:20250910090000', '20250901000000']);
    const two = await refusal({ ...over, dependencies: ['users:create_users', 'my:create_users'] });
    expect(two.problems.map(({ code }) => code)).toEqual(['UNKNOWN_PROJECT', 'UNKNOWN_PROJECT']);
  });

  test('that cannot be found are all reported with the nearest names, with a bad name too', async () => {
    const error = await refusal({
      name: '../evil',
      dependencies: ['create_session', 'tidy', 'user:create_users', 'users:create_userz'],
    });
    expect(error.problems.map(({ code, hint }) => [code, hint])).toEqual([
      ['INVALID_NAME', expect.any(String)],
      [
        'UNKNOWN_DEPENDENCY',
        'Did you mean “create_sessions”? The migrations of api are create_sessions, tidy, tidy.',
      ],
      ['AMBIGUOUS_MIGRATION', 'Give its version, one of 20250902000000, 20250903000000.'],
      [
        'UNKNOWN_PROJECT',
        'Did you mean “users”? The projects with a db.config file are api, users.',
      ],
      [
        'UNKNOWN_DEPENDENCY',
        'Did you mean “create_users”? The migrations of users are create_users.',
      ],
    ]);
  });
});
