import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatRunResult } from '../report/format-run-result';
import { formatStatus } from '../report/format-status';
import { refusal } from '../source/testing/fixtures';
import { describeOnEveryDatabase, type TestProject } from '../testing/workspace';

function put(project: TestProject, path: string, text = 'SELECT 1;'): void {
  const file = join(project.root, 'migrations', path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
}

describeOnEveryDatabase('D4: a folder without migrations', (workspace) => {
  it.each(['20240101000000_init/migration.sql', '000001_init.up.sql', 'V1__init.sql'])(
    'D4: with %s, which another tool runs, every command refuses',
    async (path) => {
      const project = workspace().project();
      put(project, path);
      const commands = [
        () => project.migrate(),
        () => project.migrate({ mode: 'dry-run' }),
        () => project.status(),
      ];
      for (const command of commands) {
        const error = await refusal(command());
        expect(error).toMatchObject({ code: 'FOREIGN_MIGRATIONS' });
        expect(error.message).toContain(path.split('/')[0]);
      }
      expect(await workspace().tables('all')).toEqual([]);
    },
  );

  it('D4: is reported as empty, not as applied', async () => {
    const project = workspace().project();
    put(project, 'README.md', '');
    for (const mode of ['run', 'dry-run'] as const) {
      const result = await project.migrate({ mode });
      expect(result.status).toBe('nothing-to-do');
      expect(formatRunResult(result)).toContain('there are no migrations yet in');
      expect(formatRunResult(result)).not.toContain('everything is applied');
    }
    expect(formatStatus(await project.status())).toContain('No migrations yet');
  });

  it('D4: is not assumed where everything is applied', async () => {
    const project = workspace().project().add('one');
    put(project, 'seed/001_data.sql');
    put(project, '001_helper.sql');
    await project.migrate();
    const again = await project.migrate();
    expect(formatRunResult(again)).toContain('everything is applied');
  });
});

describeOnEveryDatabase('H4: a migrations folder that does not exist', (workspace) => {
  const without = (changes: Readonly<Record<string, unknown>> = {}) => {
    const project = workspace().project().configure(changes);
    rmSync(join(project.root, 'migrations'), { recursive: true });
    return project;
  };

  it.each([{}, { migrations: 'migrations' }])(
    'H4: is an empty one where nothing was applied, with the configuration %j',
    async (changes) => {
      const project = without(changes);
      for (const mode of ['run', 'dry-run'] as const) {
        const result = await project.migrate({ mode });
        expect(result.status).toBe('nothing-to-do');
        expect(formatRunResult(result)).toContain('there are no migrations yet in');
      }
      expect(formatStatus(await project.status())).toContain('No migrations yet');
    },
  );

  it.each(['./migration', '../migrations', 'db/migrations'])(
    'H4: is an error where the configuration names another path, here %s',
    async (migrations) => {
      const project = without({ migrations });
      const commands = [() => project.migrate(), () => project.status()];
      for (const command of commands) {
        expect(await refusal(command())).toMatchObject({ code: 'MIGRATIONS_FOLDER_NOT_FOUND' });
      }
    },
  );

  it('H4: is an error if it is a file', async () => {
    const project = without();
    writeFileSync(join(project.root, 'migrations'), '');
    expect(await refusal(project.migrate())).toMatchObject({ code: 'MIGRATIONS_FOLDER_NOT_FOUND' });
  });
});
