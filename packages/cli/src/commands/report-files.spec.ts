import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderWith, removeFolders } from '../testing/folders';
import { findReportFiles } from './report-files';

afterAll(removeFolders);

const REPORTS = {
  'dist/.migrations/web/migrate.staging.json': '{}',
  'dist/.migrations/@acme/api/migrate.staging.json': '{}',
  'dist/.migrations/@acme/api/migrate.staging.eu.json': '{}',
  'dist/.migrations/@acme/api/notes.txt': '',
};

it('F5: finds the reports of scoped projects in the folder', async () => {
  const { files, problems } = await findReportFiles(
    ['dist/.migrations'],
    await folderWith(REPORTS),
  );
  expect(problems).toEqual([]);
  expect(files).toEqual([
    'dist/.migrations/@acme/api/migrate.staging.eu.json',
    'dist/.migrations/@acme/api/migrate.staging.json',
    'dist/.migrations/web/migrate.staging.json',
  ]);
});

it.each(['docs/ci.md', 'docs/many-databases.md'])(
  'F5: the command that %s shows finds the reports of every project',
  async (page) => {
    const text = readFileSync(join(__dirname, '../../../..', page), 'utf8');
    const commands = [...text.matchAll(/ff db report ([^\n>|]+?) *(?:--json *)?(?:>|\|)/g)];
    expect(commands.length).toBeGreaterThan(0);
    const cwd = await folderWith(REPORTS);
    for (const [, paths = ''] of commands) {
      // No shell expands a pattern here: the command has to do without.
      expect((await findReportFiles(paths.split(' '), cwd)).files).toHaveLength(3);
    }
  },
);

it('keeps files as they were typed, also if they do not exist', async () => {
  const { files } = await findReportFiles(
    ['a.json', './b.json'],
    await folderWith({ 'a.json': '' }),
  );
  expect(files).toEqual(['a.json', './b.json']);
});

it('reports each folder that contains no report', async () => {
  const cwd = await folderWith({ 'one/readme.md': '', 'two/x.txt': '' });
  const { problems } = await findReportFiles(['one', 'two'], cwd);
  expect(problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'INVALID_ARGUMENT The folder one contains no report.',
    'INVALID_ARGUMENT The folder two contains no report.',
  ]);
});
