import { selectPresent, type DatedReport } from './present-reports';
import { originIn, parseBatchPlan, type BatchPlan, type ReportedTask } from './report-origin';

const at = (minute: number) => `2026-11-26T10:${String(minute).padStart(2, '0')}:00.000Z`;
const batch = (minute: number) => ({ id: `batch-${minute}`, startedAt: at(minute) });

interface TestReport extends DatedReport {
  readonly name: string;
  readonly failed?: true;
}

type Where = Partial<
  Pick<ReportedTask, 'environment' | 'database' | 'tenant' | 'after' | 'target'>
>;

const task = (project: string, where: Where = {}): ReportedTask => {
  const { target = 'migrate', environment = 'staging' } = where;
  return { id: `${project}:${target}:${environment}`, project, target, environment, ...where };
};

const report = (
  of: ReportedTask,
  minute: number | undefined,
  more: Partial<TestReport> & { ciRun?: string; gitCommit?: string; startedAt?: string } = {},
): TestReport => {
  const { ciRun, gitCommit, startedAt = at(minute ?? 0), ...rest } = more;
  const inBatch = minute === undefined ? undefined : batch(minute);
  return {
    name: of.project,
    origin: { task: of, startedAt, batch: inBatch, ciRun, gitCommit },
    ...rest,
  };
};

const plan = (minute: number, tasks: ReportedTask[], ciRun?: string): BatchPlan => ({
  format: 1,
  batch: batch(minute),
  tasks,
  ciRun,
});

const select = (reports: TestReport[], plans: BatchPlan[] = [], ciRun?: string) => {
  const found = selectPresent(reports, { plans, ciRun, failed: ({ failed }) => failed === true });
  return {
    present: found.present.map(({ name }) => name),
    stale: found.stale.map(({ name }) => name),
    skipped: found.skipped.map(({ task: { id }, because }) => [id, ...because].join(' < ')),
  };
};

const billing = task('billing');
const orders = task('orders', { after: [billing.id] });
const web = task('web', { after: [orders.id] });

describe('G8: the reports of the present run', () => {
  it('G8: leave out the report of a task that the newest command skipped, and name the task', () => {
    const reports = [report(billing, 2, { failed: true }), report(orders, 1)];
    expect(select(reports, [plan(1, [billing, orders]), plan(2, [billing, orders])])).toEqual({
      present: ['billing'],
      stale: ['orders'],
      skipped: ['orders:migrate:staging < billing:migrate:staging'],
    });
  });

  it('G8: name the failed task also for what waits behind a skipped task', () => {
    const { skipped } = select(
      [report(billing, 1, { failed: true })],
      [plan(1, [web, orders, billing])],
    );
    expect(skipped).toEqual([
      'orders:migrate:staging < billing:migrate:staging',
      'web:migrate:staging < billing:migrate:staging',
    ]);
  });

  it('G8: name a task without a report although nothing failed', () => {
    const { skipped } = select([report(billing, 1)], [plan(1, [billing, orders])]);
    expect(skipped).toEqual(['orders:migrate:staging']);
  });

  it('G8: leave out earlier commands that had other projects', () => {
    const reports = [report(web, 1), report(billing, 2)];
    expect(select(reports, [plan(1, [web]), plan(2, [billing])])).toEqual({
      present: ['billing'],
      stale: ['web'],
      skipped: [],
    });
  });

  it('G8: contain all commands of one CI run, whichever environments they migrate', () => {
    const production = task('billing', { environment: 'production' });
    const reports = [
      report(billing, 1, { ciRun: 'ci/7' }),
      report(production, 2, { ciRun: 'ci/7' }),
    ];
    const plans = [plan(1, [billing], 'ci/7'), plan(2, [production], 'ci/7')];
    expect(select(reports, plans)).toMatchObject({ stale: [], skipped: [] });
  });

  it('G8: leave out a report that a restored cache brings from an earlier CI run', () => {
    const reports = [report(web, 1, { ciRun: 'ci/6' }), report(billing, 2, { ciRun: 'ci/7' })];
    expect(select(reports)).toMatchObject({ present: ['billing'], stale: ['web'] });
  });

  it('G8: are none if all reports are of another CI run than the one that asks', () => {
    const reports = [
      report(web, 1, { ciRun: 'ci/6' }),
      report(billing, undefined, { ciRun: 'ci/6' }),
    ];
    expect(select(reports, [plan(1, [web], 'ci/6')], 'ci/7')).toEqual({
      present: [],
      stale: ['web', 'billing'],
      skipped: [],
    });
  });

  it('G8: take a task that failed and succeeded when tried again from the last try', () => {
    const plans = [plan(1, [billing, orders], 'ci/7'), plan(2, [billing, orders], 'ci/7')];
    const reports = [report(billing, 2, { ciRun: 'ci/7' }), report(orders, 2, { ciRun: 'ci/7' })];
    expect(select(reports, plans)).toMatchObject({ stale: [], skipped: [] });
  });

  it('G8: no longer count what succeeded first, if the second try skipped it', () => {
    const plans = [plan(1, [billing, orders], 'ci/7'), plan(2, [billing, orders], 'ci/7')];
    const reports = [
      report(billing, 2, { ciRun: 'ci/7', failed: true }),
      report(orders, 1, { ciRun: 'ci/7' }),
    ];
    expect(select(reports, plans)).toMatchObject({ stale: ['orders'], present: ['billing'] });
  });

  it('G8: keep the other databases if a later command of the CI run names one', () => {
    const eu = task('billing', { database: 'eu' });
    const plans = [plan(1, [billing], 'ci/7'), plan(2, [eu], 'ci/7')];
    const us = report(billing, 1, { ciRun: 'ci/7', database: 'us', name: 'us' });
    const again = report(eu, 2, { ciRun: 'ci/7', database: 'eu', name: 'eu' });
    const left = report(billing, 1, { ciRun: 'ci/7', database: 'eu', name: 'left' });
    expect(select([us, again], plans)).toMatchObject({ present: ['us', 'eu'], skipped: [] });
    expect(select([us, left], plans)).toMatchObject({
      present: ['us'],
      stale: ['left'],
      skipped: ['billing:migrate:staging'],
    });
  });

  it.each([
    ['eu,us', { database: 'eu,us' }, ['asia']],
    ['us and eu as options of their own', { database: ['us', 'eu'] }, ['asia']],
    ['a pattern', { database: '*u*' }, ['asia']],
    ['the pattern of all', { database: '*' }, []],
    ['a number', { database: 7 }, ['eu', 'us', 'asia']],
    ['one tenant', { tenant: 'acme' }, ['us', 'asia']],
    ['several tenants', { tenant: 'acme,glob*' }, ['asia']],
    ['a tenant of one database', { database: 'us', tenant: 'acme' }, ['eu', 'us', 'asia']],
  ])('G8: no longer count what a later command for %s planned again', (_, where, kept) => {
    const plans = [plan(1, [billing], 'ci/7'), plan(2, [task('billing', where)], 'ci/7')];
    const at = (database: string, tenant: string) =>
      report(billing, 1, { ciRun: 'ci/7', database, tenant, name: database });
    const reports = [at('eu', 'acme'), at('us', 'globex'), at('asia', 'initech')];
    expect(select(reports, plans).present).toEqual(kept);
  });

  it.each([
    [{ database: 'eu,us' }, { database: 'us, eu' }, 1],
    [{ database: 'eu' }, { database: 'e*' }, 1],
    [{ database: 'e*' }, { database: 'eu' }, 2],
    [{ database: 'eu' }, {}, 1],
    [{}, { database: '*' }, 1],
    [{ tenant: 7 }, { tenant: '007' }, 2],
  ])('G8: name a skipped task %j once, if a later command planned %j', (first, second, times) => {
    const [one, other] = [task('billing', first), task('billing', second)];
    const plans = [plan(1, [one], 'ci/7'), plan(2, [other], 'ci/7')];
    expect(select([], plans).skipped).toHaveLength(times);
  });

  it('G8: tell targets of one project apart', () => {
    const rollback = task('billing', { target: 'rollback' });
    const plans = [plan(1, [billing], 'ci/7'), plan(2, [rollback], 'ci/7')];
    const reports = [report(billing, 1, { ciRun: 'ci/7' }), report(rollback, 2, { ciRun: 'ci/7' })];
    expect(select(reports, plans)).toMatchObject({ stale: [], skipped: [] });
  });

  describe('without the hook, e.g. on agents', () => {
    it('G8: are those of one commit, that of the newest report', () => {
      const old = report(web, undefined, { gitCommit: 'a', startedAt: at(1) });
      const recent = report(billing, undefined, { gitCommit: 'b', startedAt: at(2) });
      expect(select([recent, old])).toMatchObject({ present: ['billing'], stale: ['web'] });
    });

    it('G8: are all, if neither commit nor CI run nor command is known', () => {
      const reports = [report(web, undefined), { name: 'from ff', finishedAt: at(3) }];
      expect(select(reports)).toMatchObject({ present: ['web', 'from ff'], stale: [] });
    });

    it('G8: leave out what ended before the present command started', () => {
      const reports = [
        { name: 'before', finishedAt: at(1) },
        report(billing, 2),
        { name: 'after', finishedAt: at(3) },
      ];
      expect(select(reports)).toMatchObject({ present: ['billing', 'after'], stale: ['before'] });
    });
  });
});

describe('documents of a report folder', () => {
  const origin = { task: billing, startedAt: at(1), batch: batch(1) };

  it('G8: have the origin that was written', () => {
    const document: unknown = JSON.parse(JSON.stringify({ format: 1, origin }));
    expect(originIn(document)).toEqual(origin);
  });

  it.each([
    ['none', {}],
    ['a task without an id', { origin: { ...origin, task: { project: 'billing' } } }],
    ['a time that is none', { origin: { ...origin, startedAt: 'yesterday' } }],
    ['a batch without a time', { origin: { ...origin, batch: { id: '1' } } }],
    ['null', null],
  ])('G8: have no origin for %s', (_, document) => {
    expect(originIn(document)).toBeUndefined();
  });

  it('G8: are plans only with a batch and tasks', () => {
    expect(parseBatchPlan(plan(1, [billing, orders]))).toBeDefined();
    const listed = plan(1, [task('billing', { database: ['eu', 7], tenant: 'a,b' })]);
    expect(parseBatchPlan(JSON.parse(JSON.stringify(listed)))).toEqual(listed);
    expect(parseBatchPlan(plan(1, [{ ...billing, database: [{}] as never }]))).toBeUndefined();
    expect(parseBatchPlan({ format: 1, tasks: [] })).toBeUndefined();
    expect(parseBatchPlan({ ...plan(1, []), format: 2 })).toBeUndefined();
  });
});
