import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../packages/migrator/src/testing/postgres';
import { REPOSITORY } from './testing/packed';
import { serveRegistry, type Registry } from './testing/registry';
import { psqlFunction, stepsOf, TsPresetWorkspace } from './testing/walk';

jest.setTimeout(600_000);

let registry: Registry;
let workspace: TsPresetWorkspace;
beforeAll(async () => {
  registry = await serveRegistry();
  workspace = await TsPresetWorkspace.create('23.2.1', registry);
});
afterAll(async () => {
  workspace?.remove();
  await registry?.close();
});

// A new user types what the pages say. Each test is a page and stands on those before it.
describe('walk: an empty ts-preset workspace with scoped names', () => {
  let staging: TestDatabase;
  beforeAll(async () => {
    staging = await createTestDatabase();
    await workspace.library('api');
  });
  afterAll(() => staging?.drop());

  it('walk: does all that the README says for an Nx workspace', async () => {
    const steps = stepsOf('README.md', '## In an Nx workspace');
    expect(steps.length).toBeGreaterThanOrEqual(4);
    for (const step of steps) if (step.kind === 'command') await workspace.shell(step.command);

    const status = await workspace.shell('npx nx run api:status');
    expect(status).toMatch(/create_users +applied/);
    expect(status).toContain('1 applied, 0 pending');
  });

  it('walk: does all that the page of the plugin says first, on a project that is configured', async () => {
    const commands = stepsOf('packages/db/README.md').slice(1, 4);
    for (const step of commands) if (step.kind === 'command') await workspace.shell(step.command);
    expect(await workspace.shell('npx nx run api:status')).toMatch(/create_teams +applied/);
  });

  it('C17: .env.example is what it says: a copy leads nx and ff to staging, and git ignores it', async () => {
    const example = workspace.read('acme/packages/api/.env.example');
    const [, url = ''] = /^STAGING_DATABASE_URL=(.*)$/m.exec(example) ?? [];
    expect(example).toContain('Copy this file to .env.local in this folder');
    workspace.write('acme/packages/api/.env.local', example.replace(url, staging.url));
    await workspace.shell('git check-ignore packages/api/.env.local');

    await workspace.shell('npm i -D @flashfusion/cli --ignore-scripts --no-audit --no-fund');
    const byFf = await workspace.shell('npx ff db status --project=api --env=staging');
    expect(byFf).toContain('(url from STAGING_DATABASE_URL in packages/api/.env.local)');
    expect(await workspace.shell('npx nx run api:status:staging')).toContain('2 pending');
  });

  it('D1: no form of a mistyped configuration reaches another database, whatever NODE_ENV is', async () => {
    for (const typed of [
      'run api:migrate:stagin',
      'run @acme/api:migrate:stagin',
      'run-many -t migrate -c stagin',
    ]) {
      const { exitCode, output } = await workspace.try(
        `NODE_ENV=staging node_modules/.bin/nx ${typed}`,
      );
      expect({ typed, exitCode, output }).toMatchObject({
        exitCode: expect.any(Number) as number,
        output: expect.stringMatching(/UNKNOWN_ENVIRONMENT.*@acme\/api.*"stagin"/) as string,
      });
      expect(exitCode).not.toBe(0);
    }
    expect(await staging.query(`SELECT FROM pg_tables WHERE schemaname = 'public'`)).toEqual([]);
  });

  it('walk: does what the table of commands in the README says', async () => {
    await workspace.commit();
    const done: string[] = [];
    for (const command of commandsInTable()) {
      // Every command that names a migration or a version gets one that is there.
      const filled = command.replace('migration <name>', 'migration create_notes');
      await workspace.shell(`npx ${filled.replace('<name>', 'create_teams')}`);
      done.push(command);
    }
    expect(done).toEqual(
      expect.arrayContaining([
        'nx run api:migrate --dryRun',
        'nx run api:rollback --name=<name>',
        'nx run api:migrate:staging',
        'nx run-many -t migrate',
      ]),
    );
  });

  it('F4: a migration for a project without a configuration creates one, and says so', async () => {
    await workspace.library('web');
    const said = await workspace.shell(
      'npx nx g @flashfusion/db:migration create_pages --project=web',
    );
    expect(said).toContain('@acme/web had no configuration: created packages/web/db.config.ts');
    expect(await workspace.shell('npx nx run web:migrate')).toContain('Applied 1 migration');
  });

  /** Types a wrong value into a migration while something runs. */
  async function withWrongType(project: string, name: string, check: () => Promise<void>) {
    const path = workspace.fileIn(`packages/${project}/migrations`, name);
    const source = workspace.read(path);
    workspace.write(path, `${source}\nexport const wrong: number = 'no';\n`);
    await check();
    workspace.write(path, source);
  }

  it('F2: wrong types in a migration fail typecheck in the ts preset', async () => {
    await workspace.shell('npx nx typecheck api');
    await withWrongType('api', 'create_users', async () => {
      const { exitCode, output } = await workspace.try('npx nx run-many -t typecheck');
      expect(exitCode).not.toBe(0);
      expect(output).toMatch(/create_users\.ts.*error TS2322/);
    });
  });

  it('C16: wrong types in a migration fail typecheck without the TypeScript plugin, as in the apps preset', async () => {
    const nxJson = JSON.parse(workspace.read('acme/nx.json')) as { plugins: unknown[] };
    workspace.write('acme/nx.json', { ...nxJson, plugins: ['@flashfusion/db'] });
    await workspace.shell('npx nx g @flashfusion/db:configuration --project=web');
    await workspace.shell('npx nx typecheck web');
    await withWrongType('web', 'create_pages', async () => {
      const { exitCode, output } = await workspace.try('npx nx typecheck web');
      expect(exitCode).not.toBe(0);
      expect(output).toMatch(/create_pages\.ts.*error TS2322/);
    });
    workspace.write('acme/nx.json', nxJson);
  });

  it('D2: a migration against the direction of the imports changes no other command', async () => {
    // The code of api imports web, and a migration of web needs one of api.
    const manifest = JSON.parse(workspace.read('acme/packages/api/package.json')) as object;
    const dependencies = { dependencies: { '@acme/web': '*', tslib: '^2.3.0' } };
    workspace.write('acme/packages/api/package.json', { ...manifest, ...dependencies });
    const source = workspace.read('acme/packages/api/src/index.ts');
    workspace.write('acme/packages/api/src/index.ts', `${source}export * from '@acme/web';\n`);
    const [needed = ''] = /\d{14}/.exec(workspace.fileIn('packages/api/migrations', 'teams')) ?? [];
    const name = 'create_owners --dependencies=@acme/api:create_teams';
    await workspace.shell(`npx nx g @flashfusion/db:migration ${name} --project=web`);
    const migration = workspace.fileIn('packages/web/migrations', 'create_owners');
    expect(workspace.read(migration)).toContain(`:${needed}'`);

    await workspace.shell('npx nx sync');
    const configs = ['tsconfig.json', 'tsconfig.lib.json'].map(
      (file) => `acme/packages/web/${file}`,
    );
    for (const file of configs) expect(workspace.read(file)).not.toContain('../api');
    await workspace.shell('npx nx graph --file=graph.json');
    const { graph } = JSON.parse(workspace.read('acme/graph.json')) as {
      graph: { dependencies: Record<string, { target: string }[]> };
    };
    const edges = Object.values(graph.dependencies).flat();
    expect(edges.map(({ target }) => target)).toEqual(['@acme/web']);
    const output = await workspace.shell('npx nx run-many -t build typecheck migrate');
    expect(output).toMatch(/Successfully ran targets build, typecheck, migrate/);
    expect(await workspace.shell('npx nx run web:status')).toMatch(/create_owners +applied/);
  });
});

describe('walk: two databases and three tenants', () => {
  const databases: TestDatabase[] = [];
  beforeAll(async () => {
    if (workspace.read('acme/nx.json').includes('@flashfusion/db')) return;
    await workspace.shell('npx nx add @flashfusion/db');
  });
  afterAll(() => Promise.all(databases.map((database) => database.drop())));

  it('walk: does all that the page says, from the configuration to baseline and repair', async () => {
    const names: Record<string, string> = {};
    for (const name of ['shop_eu', 'shop_us']) {
      const database = await createTestDatabase();
      databases.push(database);
      names[`postgres://postgres:secret@localhost:5432/${name}`] = database.url;
    }
    const here = (text: string) =>
      Object.entries(names).reduce((done, [url, real]) => done.replaceAll(url, real), text);
    workspace.write('acme/packages/shop/package.json', {
      name: '@acme/shop',
      version: '0.0.1',
      private: true,
    });
    const psql = psqlFunction();
    const outputs: string[] = [];
    for (const step of stepsOf('docs/walk-databases-and-tenants.md')) {
      if (step.kind === 'file') workspace.write(`acme/${step.path}`, here(step.text));
      // The databases exist: those of a test have names of their own.
      else if (!step.command.includes('CREATE DATABASE')) {
        const command = step.command.startsWith('psql ') ? psql + here(step.command) : step.command;
        const { exitCode, output } = await workspace.try(command);
        outputs.push(output);
        if ((exitCode !== 0) !== step.fails) {
          throw new Error(`${step.command} exited ${exitCode}:\n${output}`);
        }
      }
    }
    const all = outputs.join('\n');
    // What the page claims: who failed and why, and that nothing is rolled back unnamed.
    expect(all).toMatch(/globex failed at .*add_email_unique_index_to_customers|globex.*23505/);
    expect(all).toContain('acts only on the targets that you name');
    expect(all).toContain('HISTORY_NOT_EMPTY');
    const [eu] = databases;
    const tables = await eu?.query<{ schema: string }>(
      `SELECT schemaname AS schema FROM pg_tables WHERE tablename = 'customers' ORDER BY 1`,
    );
    expect(tables).toEqual([{ schema: 'acme' }, { schema: 'globex' }, { schema: 'initech' }]);
  });
});

/** What the column of Nx in the table of the README says, in its order, without what one database cannot show twice. */
function commandsInTable(): string[] {
  const readme = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
  const table = /\n\| `ff`[^]*?\n\n/.exec(readme)?.[0] ?? '';
  const cells = table.split('\n').map((row) => row.split('|')[2] ?? '');
  return cells
    .flatMap((cell) => [...cell.matchAll(/`(nx [^`]+)`/g)].map(([, command = '']) => command))
    .filter((command) => !command.includes(':baseline'));
}
