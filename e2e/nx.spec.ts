import { basename, join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../packages/migrator/src/testing/postgres';
import { tableMigration, versionOf } from './testing/migration-file';
import { chosenNxVersions, NxWorkspace } from './testing/nx-workspace';
import { REPOSITORY } from './testing/packed';
import { serveRegistry, type Registry } from './testing/registry';
import { mustRun } from './testing/run';

jest.setTimeout(240_000);

const FF = join(REPOSITORY, 'packages/cli/bin/ff.js');

let registry: Registry;
beforeAll(async () => {
  registry = await serveRegistry();
});
afterAll(() => registry?.close());

interface Batch {
  readonly id: string;
}
interface Origin {
  readonly batch: Batch;
  readonly gitCommit: string;
}
interface Plan {
  readonly batch: Batch;
  readonly tasks: readonly {
    readonly id: string;
    readonly project: string;
    readonly after: string[];
  }[];
}

// One workspace lives through a story; each test is a chapter and stands on those before it.
describe.each(chosenNxVersions())('a workspace on Nx %s', (version) => {
  let workspace: NxWorkspace;
  let staging: TestDatabase;
  const major = Number(version.split('.')[0]);

  beforeAll(async () => {
    staging = await createTestDatabase();
    workspace = await NxWorkspace.create(version, registry);
  });
  afterAll(async () => {
    workspace?.remove();
    await staging?.drop();
  });

  /** Gives a generated migration a body that creates one table. */
  function fillIn(
    project: string,
    name: string,
    more: { dependencies?: string[]; also?: string } = {},
  ) {
    const path = workspace.migrationFile(project, name);
    const migration = versionOf(basename(path));
    workspace.write(
      path,
      tableMigration({ version: migration, name, table: `${project}_${name}`, ...more }),
    );
    return migration;
  }

  const tables = async () =>
    (
      await staging.query<{ name: string }>(
        `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'migration_%' ORDER BY 1`,
      )
    ).map(({ name }) => name);

  it('is set up by nx add, with what belongs to its version of Nx', async () => {
    await mustRun('npx', ['nx', 'add', '@flashfusion/db'], { cwd: workspace.path });

    expect(JSON.parse(workspace.read('nx.json'))).toMatchObject({ plugins: ['@flashfusion/db'] });
    const { devDependencies } = JSON.parse(workspace.read('package.json')) as {
      devDependencies: Record<string, string>;
    };
    expect(Object.keys(devDependencies).sort()).toEqual([
      '@flashfusion/db',
      '@flashfusion/migrator',
      '@nx/devkit',
      'nx',
    ]);
    const devkit = JSON.parse(workspace.read('node_modules/@nx/devkit/package.json')) as {
      version: string;
    };
    expect(devkit.version).toMatch(new RegExp(`^${major}\\.`));
    await workspace.commit('Add the plugin');
  });

  it('gives a project a database', async () => {
    await workspace.mustNx('g', '@flashfusion/db:configuration', '--project=users');

    expect(workspace.list('packages/users')).toEqual(
      expect.arrayContaining(['db.config.ts', 'migrations']),
    );
    const again = await workspace.mustNx('g', '@flashfusion/db:configuration', '--project=users');
    expect(again).not.toMatch(/^(CREATE|UPDATE) /m);
    for (const project of ['api', 'web', 'docs']) {
      workspace.write(
        `packages/${project}/db.config.ts`,
        workspace.read('packages/users/db.config.ts'),
      );
      workspace.write(`packages/${project}/migrations/.gitkeep`, '');
    }
  });

  it('generates migrations that know each other across projects', async () => {
    await workspace.mustNx('g', '@flashfusion/db:migration', 'create_users', '--project=users');
    const users = fillIn('users', 'create_users');
    const said = await workspace.mustNx(
      'g',
      '@flashfusion/db:migration',
      'create_keys',
      '--project=api',
      '--dependencies=users:create_users',
    );

    const path = workspace.migrationFile('api', 'create_keys');
    expect(said).toContain(path);
    expect(workspace.read(path)).toContain(`'users:${users}'`);
    fillIn('api', 'create_keys', { dependencies: [`users:${users}`] });
  });

  it('infers a target for each command and a configuration for each environment', async () => {
    const project = JSON.parse(await workspace.mustNx('show', 'project', 'api', '--json')) as {
      targets: Record<string, { cache: boolean; configurations: object }>;
    };

    for (const target of ['migrate', 'status', 'rollback']) {
      expect(Object.keys(project.targets[target]?.configurations ?? {})).toEqual([
        'development',
        'staging',
        'production',
      ]);
      expect(project.targets[target]?.cache).toBe(false);
    }
  });

  it('migrates a project after those it depends on, on the embedded database', async () => {
    const output = await workspace.mustNx('run', 'api:migrate');

    expect(output.indexOf('users:migrate')).toBeLessThan(output.lastIndexOf('api:migrate'));
    expect(await workspace.mustNx('run', 'users:status')).toMatch(/create_users +applied/);
    expect(await workspace.mustNx('run', 'api:status')).toMatch(/create_keys +applied/);
  });

  it('says so when there is nothing to apply', async () => {
    expect(await workspace.mustNx('run', 'api:migrate')).toMatch(/nothing to (apply|do)/i);
  });

  it('does not touch any database for a configuration that does not exist', async () => {
    const { exitCode, output } = await workspace.nx('run', 'api:migrate:stagin');

    expect(exitCode).not.toBe(0);
    expect(output).toContain('UNKNOWN_ENVIRONMENT');
    expect(output).toContain('staging');
  });

  it('names the variable that holds no url', async () => {
    const { exitCode, output } = await workspace.nx('run', 'users:migrate:staging');

    expect(exitCode).not.toBe(0);
    expect(output).toContain('STAGING_DATABASE_URL');
  });

  it("takes a server's url from the .env file of project and configuration, tasks side by side", async () => {
    for (const project of ['users', 'api', 'web', 'docs']) {
      workspace.write(`packages/${project}/.env.staging`, `STAGING_DATABASE_URL=${staging.url}\n`);
    }
    for (const [project, name] of [
      ['web', 'create_pages'],
      ['docs', 'create_chapters'],
    ] as const) {
      const migration = '20250101000000';
      workspace.write(
        `packages/${project}/migrations/${migration}_${name}.ts`,
        tableMigration({ version: migration, name, table: `${project}_${name}` }),
      );
    }

    const output = await workspace.mustNx(
      'run-many',
      '-t',
      'migrate',
      '-c',
      'staging',
      '--parallel=4',
      '--output-style=static',
    );

    expect(await tables()).toEqual([
      'api_create_keys',
      'docs_create_chapters',
      'users_create_users',
      'web_create_pages',
    ]);
    expect(output).toContain('127.0.0.1');
    expect(output).not.toContain(new URL(staging.url).password);
    const environments = await staging.query('SELECT DISTINCT environment FROM migration_history');
    expect(environments).toEqual([{ environment: 'staging' }]);
  });

  it.each([
    ['status:staging', ['--env=staging']],
    ['status', []],
  ])(
    'C17: gives `nx run docs:%s` and ff the same variables from .env files',
    async (task, flags) => {
      const config = workspace.read('packages/docs/db.config.ts');
      const write = `require('node:fs').writeFileSync(require('node:path').join(__dirname, 'seen.json'), JSON.stringify(seen))`;
      workspace.delete('packages/docs/db.config.ts');
      workspace.write(
        'packages/docs/db.config.cjs',
        `const seen = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('E2E_')));
${write};
const development = { url: 'pglite:.data/development' };
module.exports = { environments: { development, staging: development } };\n`,
      );
      const [configured, staging] = [workspace.read('packages/docs/.env.staging'), '.staging'];
      const names = ['.status.staging', staging, '.status'].flatMap((id) => [
        `.env${id}.local`,
        `.env${id}`,
        `${id}.local.env`,
        `${id}.env`,
      ]);
      const paths = ['packages/docs/', ''].flatMap((folder) =>
        [...names, '.env.local', '.local.env', '.env'].map((name) => `${folder}${name}`),
      );
      for (const [index, path] of paths.entries()) {
        const first = `E2E_FIRST=${index}\nE2E_ONLY_${index}="a $E2E_FIRST \\$x"\n`;
        workspace.write(path, `\uFEFF${first}E2E_SET=file\nexport E2E_EMPTY='${index}\nb' # c\r\n`);
      }
      const env = { E2E_SET: 'set', E2E_EMPTY: '' };
      const seen = async (program: string, ...args: string[]) => {
        await mustRun(program, args, { cwd: `${workspace.path}/packages/docs`, env });
        const text = workspace.read('packages/docs/seen.json');
        workspace.delete('packages/docs/seen.json');
        return JSON.parse(text) as Record<string, string>;
      };

      const byNx = await seen(`${workspace.path}/node_modules/.bin/nx`, 'run', `docs:${task}`);
      const byFf = await seen(process.execPath, FF, 'db', 'status', ...flags);

      for (const path of [...paths, 'packages/docs/db.config.cjs']) workspace.delete(path);
      workspace.write('packages/docs/db.config.ts', config);
      workspace.write('packages/docs/.env.staging', configured);
      expect(byFf).toEqual(byNx);
      expect(byFf).toMatchObject({ E2E_SET: 'set', E2E_FIRST: flags.length > 0 ? '0' : '8' });
    },
  );

  it('refuses to roll back what another project stands on, and rolls back what nothing does', async () => {
    const refused = await workspace.nx('run', 'users:rollback:staging', '--name=create_users');
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain('REQUIRED_BY_OTHERS');

    await workspace.mustNx('run', 'api:rollback:staging', '--name=create_keys');
    expect(await tables()).not.toContain('api_create_keys');
    expect(await workspace.mustNx('run', 'api:status:staging')).toMatch(
      /create_keys +(reverted|pending)/,
    );
  });

  it('H6: skips what depends on a task that failed, and ends with the exit code that docs/ci.md states', async () => {
    await workspace.mustNx('g', '@flashfusion/db:migration', 'add_names', '--project=users');
    fillIn('users', 'add_names', { also: ' SELECT 1/0' });

    const { exitCode, output } = await workspace.nx('run-many', '-t', 'migrate', '-c', 'staging');

    expect(exitCode).toBe(major >= 24 ? 1 : 130);
    expect(output).toContain('division by zero');
    expect(await tables()).toEqual([
      'docs_create_chapters',
      'users_create_users',
      'web_create_pages',
    ]);
    const failed = await staging.query(
      `SELECT project FROM migration_history WHERE migration_name = 'add_names' AND NOT success`,
    );
    expect(failed).toEqual([{ project: 'users' }]);
  });

  it('G8: leaves reports that tell the skipped tasks from those of an earlier run', () => {
    const read = <T>(file: string) => JSON.parse(workspace.read(`dist/.migrations/${file}`)) as T;
    const names = workspace.list('dist/.migrations').filter((name) => name.startsWith('plan.'));
    const plans = names.map((name) => read<Plan>(name));
    const origin = (project: string) =>
      read<{ origin: Origin }>(`${project}/migrate.staging.json`).origin;

    const { batch, gitCommit } = origin('users');
    expect(gitCommit).toMatch(/^[0-9a-f]{40}$/);
    const plan = plans.find((each) => each.batch.id === batch.id);
    const api = plan?.tasks.find(({ project }) => project === 'api');
    expect(api).toMatchObject({ id: 'api:migrate:staging', after: ['users:migrate:staging'] });
    // The report of api is of the run before, which applied it.
    expect(origin('docs').batch.id).toBe(batch.id);
    expect(origin('api').batch.id).not.toBe(batch.id);
  });

  it('applies what failed once it is mended', async () => {
    fillIn('users', 'add_names');
    await workspace.mustNx('run-many', '-t', 'migrate', '-c', 'staging');

    expect(await tables()).toEqual(expect.arrayContaining(['api_create_keys', 'users_add_names']));
  });

  it('D2: runs migrations against the direction of the imports, and those that need each other', async () => {
    // The package of api depends on users, and a migration of users needs one of api, which needs one of users.
    const keys = versionOf(basename(workspace.migrationFile('api', 'create_keys')));
    const file = 'packages/users/migrations/20990101000000_add_owners.ts';
    workspace.write(
      file,
      tableMigration({
        version: '20990101000000',
        name: 'add_owners',
        table: 'users_add_owners',
        dependencies: [`api:${keys}`],
      }),
    );
    const tags = 'packages/docs/migrations/20250102000000_add_tags.ts';
    workspace.write(
      tags,
      tableMigration({
        version: '20250102000000',
        name: 'add_tags',
        table: 'docs_add_tags',
        dependencies: ['web:20250101000000'],
      }),
    );

    const output = await workspace.mustNx(
      'run-many',
      '-t',
      'migrate',
      '-c',
      'staging',
      '--output-style=static',
    );
    expect(await tables()).toEqual(expect.arrayContaining(['users_add_owners', 'docs_add_tags']));
    expect(output).not.toMatch(/circular/i);
    workspace.delete(file);
    workspace.delete(tags);
  });

  // Takes a minute; how Nx passes options on is the same in all versions.
  const onOneVersion = major === 23 ? it : it.skip;
  onOneVersion(
    'G2: passes --tenant, --database and --only-failed on to the tasks before, zeros included',
    async () => {
      const configs = ['users', 'api'].map((project) => `packages/${project}/db.config.ts`);
      const before = configs.map((path) => workspace.read(path));
      const config = `export default { environments: { development: {
      databases: { '01': { url: 'pglite:.data/one' }, eu: { url: 'pglite:.data/eu' } },
      tenants: () => ['007', '42', 'acme'] } } };\n`;
      for (const path of configs) workspace.write(path, config);
      const done = async (project: string) => {
        const output = await workspace.mustNx('run', `${project}:status`, '--json');
        const documents = JSON.parse(
          output.slice(output.indexOf('[\n'), output.lastIndexOf(']') + 1),
        ) as {
          databaseName: string;
          tenants: { tenant: string; counts: { applied: number } }[];
        }[];
        return documents.flatMap(({ databaseName, tenants }) =>
          tenants.flatMap(({ tenant, counts }) =>
            counts.applied > 0 ? `${databaseName}/${tenant}` : [],
          ),
        );
      };

      try {
        await workspace.mustNx('run', 'api:migrate', '--tenant=007', '--database=01');
        expect([await done('users'), await done('api')]).toEqual([['01/007'], ['01/007']]);
        const nothing = await workspace.mustNx('run', 'api:migrate', '--only-failed');
        expect(nothing).toContain('Nothing to repeat');
        await workspace.mustNx(
          'run',
          'api:migrate',
          '--tenant=42,acme',
          '--database=eu',
          '--canary=42',
        );
        const all = ['01/007', 'eu/42', 'eu/acme'];
        expect([await done('users'), await done('api')]).toEqual([all, all]);
      } finally {
        configs.forEach((path, index) => workspace.write(path, before[index] ?? ''));
      }
    },
  );

  it('D3: never repeats the output of an earlier run, whatever makes the target cacheable', async () => {
    const nxJson = workspace.read('nx.json');
    for (const name of ['migrate', '@flashfusion/db:migrate', 'migr*']) {
      const settings = JSON.parse(nxJson) as { targetDefaults?: object };
      workspace.write('nx.json', { ...settings, targetDefaults: { [name]: { cache: true } } });
      const { exitCode, output } = await workspace.nx('run', 'docs:migrate');
      expect({ name, exitCode, output }).toMatchObject({
        exitCode: 1,
        output: expect.stringContaining('CACHED_TARGET') as string,
      });
    }
    workspace.write('nx.json', nxJson);
  });

  describe('nx affected', () => {
    beforeAll(() => workspace.commit('Migrations'));

    it('H1: migrates the projects whose migrations need one that is deleted', async () => {
      workspace.delete(workspace.migrationFile('users', 'create_users'));
      expect(await workspace.affectedTasks()).toEqual(
        expect.arrayContaining(['api:migrate', 'users:migrate']),
      );

      const affected = await workspace.nx(
        'affected',
        '-t',
        'migrate',
        '--base=HEAD',
        '-c',
        'development',
      );
      const all = await workspace.nx('run-many', '-t', 'migrate', '-c', 'development');
      for (const { exitCode, output } of [affected, all]) {
        expect(exitCode).not.toBe(0);
        expect(output).toMatch(/UNKNOWN_DEPENDENCY|FILE_MISSING/);
      }
      await workspace.git('checkout', '--quiet', '.');
    });

    it('H6: does not migrate for an edit of a README from Nx 24 on', async () => {
      workspace.write('packages/docs/README.md', '# Docs, edited\n');

      // Before 24 a project is affected as a whole.
      expect(await workspace.affectedTasks()).toEqual(major >= 24 ? [] : ['docs:migrate']);
      await workspace.git('checkout', '--quiet', '.');
    });

    it('H6: selects all for an edit of nx.json, and whole projects where it keeps affected.legacy', async () => {
      const nxJson = JSON.parse(workspace.read('nx.json')) as Record<string, unknown>;
      workspace.write(
        'nx.json',
        JSON.stringify({ ...nxJson, affected: { legacy: true } }, null, 2),
      );
      expect(await workspace.affectedTasks()).toEqual(
        expect.arrayContaining(['api:migrate', 'docs:migrate', 'users:migrate', 'web:migrate']),
      );

      await workspace.commit('Keep the selection of projects');
      workspace.write('packages/docs/README.md', '# Docs, edited\n');
      expect(await workspace.affectedTasks()).toEqual(['docs:migrate']);
      await workspace.git('reset', '--quiet', '--hard', 'HEAD~1');
    });

    it('migrates for a new migration', async () => {
      workspace.write(
        'packages/docs/migrations/20250201000000_add_index.ts',
        tableMigration({ version: '20250201000000', name: 'add_index', table: 'docs_index' }),
      );

      expect(await workspace.affectedTasks()).toEqual(['docs:migrate']);
      workspace.delete('packages/docs/migrations/20250201000000_add_index.ts');
    });

    it('migrates for a changed helper that a migration imports, wherever it lies', async () => {
      const migration = 'packages/docs/migrations/20250101000000_create_chapters.ts';
      workspace.write('tools/sql/quote.ts', `export const quote = (name: string) => name;\n`);
      workspace.write('tools/sql/index.ts', `export * from './quote';\n`);
      workspace.write(
        migration,
        `import { quote } from '../../../tools/sql';\n${workspace.read(migration)}`,
      );
      await workspace.commit('A helper');

      workspace.write(
        'tools/sql/quote.ts',
        `export const quote = (name: string) => name + name;\n`,
      );

      expect(await workspace.affectedTasks()).toEqual(['docs:migrate']);
      await workspace.git('reset', '--quiet', '--hard', 'HEAD~1');
    });

    it('leaves other projects alone when a migration is renamed or deleted', async () => {
      await workspace.git(
        'mv',
        'packages/docs/migrations/20250101000000_create_chapters.ts',
        'packages/docs/migrations/20250101000000_create_parts.ts',
      );
      expect(await workspace.affectedTasks()).toEqual(['docs:migrate']);

      await workspace.git('reset', '--quiet', '--hard');
      await workspace.git(
        'rm',
        '--quiet',
        'packages/docs/migrations/20250101000000_create_chapters.ts',
      );
      expect(await workspace.affectedTasks()).toEqual(['docs:migrate']);
      await workspace.git('reset', '--quiet', '--hard');
    });
  });
});
