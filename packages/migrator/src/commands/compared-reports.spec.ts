import type { RunReport } from '../report/run-report';
import { reportsIn, toRunReport } from '../report/run-report';
import { nthVersion } from '../testing/migration-source';
import { describeOnEveryDatabase, type TestProject } from '../testing/workspace';

const FILE = 'dist/.migrations/api/migrate.development.json';
const [first, second] = [nthVersion(1), nthVersion(2)];
/** Deletes rows where the history alone cannot show it: with their witnesses. */
const forget = (where: string) =>
  `DELETE FROM migration_chain WHERE row_id IN (SELECT id FROM migration_history WHERE ${where});
   DELETE FROM migration_history WHERE ${where}`;

describeOnEveryDatabase('A7: the reports of earlier runs', (workspace) => {
  const applied = async () => {
    const api = workspace().project().add('one').add('two', { down: 'SELECT 1' });
    const result = await api.migrate();
    // As it is read back from a file.
    const [report] = reportsIn(JSON.parse(JSON.stringify(toRunReport(result)))) ?? [];
    if (report === undefined) throw new Error('The run has a report.');
    return { api, report };
  };
  const check = async (api: TestProject, ...reports: RunReport[]) => {
    const agent = await api.agent();
    const given = reports.map((report) => ({ file: FILE, report }));
    return (await agent.status({ history: 'verify', reports: given })).problems;
  };

  it('A7: fit a history that nothing was deleted from', async () => {
    const { api, report } = await applied();
    const reverted = toRunReport(await api.rollback('two'));
    await api.migrate();
    expect(await check(api, report, reverted, report)).toEqual([]);
  });

  it('A7: give away a newest row that was deleted with its witness', async () => {
    const { api, report } = await applied();
    await workspace().sql(forget(`version = '${second}'`));
    expect(await check(api)).toEqual([]);

    const problems = await check(api, report);
    expect(problems).toMatchObject([{ code: 'HISTORY_CORRUPT', where: `api:${second}` }]);
    expect(problems[0]?.message).toContain(`no row of run ${report.runId}`);
    expect(problems[0]?.message).toContain(`${FILE} says that this run applied it`);
    expect(problems[0]?.hint).toContain(`ff db repair ${second} --project=api --mark-applied`);
    expect(problems[0]?.hint).toContain(`remove ${FILE}`);
  });

  it('A7: give away a revert that was deleted with its witness', async () => {
    const { api, report } = await applied();
    const reverted = toRunReport(await api.rollback('two'));
    await workspace().sql(forget(`action = 'revert'`));
    expect(await check(api, report)).toEqual([]);
    expect(await check(api, report, reverted)).toMatchObject([
      { where: `api:${second}`, message: expect.stringContaining('this run reverted it') },
    ]);
  });

  it('A7: give away every row of a run, also when the stamp is all that is left', async () => {
    const { api, report } = await applied();
    await workspace().sql(forget('true'));
    expect((await check(api, report)).map(({ where }) => where)).toEqual([
      `api:${first}`,
      `api:${second}`,
    ]);
  });

  it('A7: are settled by a repair row, and a problem of the chain is not named twice', async () => {
    const { api, report } = await applied();
    await workspace().sql(`DELETE FROM migration_history WHERE version = '${second}'`);
    expect(await check(api, report)).toHaveLength(1);

    await api.repair({ migration: second, action: 'mark-applied' });

    expect(await check(api, report)).toEqual([]);
  });

  it('A7: are not compared with a database that was created again', async () => {
    const { api, report } = await applied();
    await workspace().sql(
      'DROP TABLE migration_history; DROP TABLE migration_database; DROP TABLE migration_chain',
    );
    expect(await check(api, report)).toEqual([]);
    await api.migrate({ to: 'one' });
    expect(await check(api, report)).toEqual([]);
  });

  it.each([
    ['another project', { project: 'web' }],
    ['another environment', { environment: 'staging' }],
    ['another database', { database: 'eu' }],
    ['a tenant', { tenant: 'acme' }],
    ['a run of unknown time', { finishedAt: undefined }],
    ['a dry run', { runId: '', done: [] }],
  ] as const)('A7: are ignored if they are about %s', async (_, changes) => {
    const { api, report } = await applied();
    await workspace().sql(forget(`version = '${second}'`));
    expect(await check(api, { ...report, ...changes })).toEqual([]);
  });

  it.each(['\0', '\ud800', `'; DROP TABLE x; --`, ''])(
    'A7: of any content do not break status: %j',
    async (text) => {
      const { api, report } = await applied();
      const done = [
        { id: `api:${text}`, name: text, durationMs: 0 },
        { id: text, name: '', durationMs: 0 },
      ];
      expect(await check(api, { ...report, runId: `x${text}`, done: [] })).toEqual([]);
      await check(api, { ...report, done });
    },
  );
});

describe('A report', () => {
  it('A7: with a time that is none is not a report', () => {
    const report = {
      format: 1,
      project: 'api',
      environment: 'development',
      action: 'apply',
      status: 'done',
      runId: 'r',
      planned: [],
      done: [],
      notReached: [],
      durationMs: 1,
    };
    const isReport = (finishedAt: unknown) => reportsIn({ ...report, finishedAt }) !== undefined;
    expect(
      ['2025-11-20T12:00:00.000Z', undefined, '', 'yesterday', '2025-13-41T99:00:00Z', 7].map(
        isReport,
      ),
    ).toEqual([true, true, false, false, false, false]);
    expect([null, [], 'x', 7, { tenants: [null] }, { tenants: [] }].map(reportsIn)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      [],
    ]);
  });
});
