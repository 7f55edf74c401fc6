import { formatDuration } from '../report/duration';
import { formatEvent } from '../report/format-event';
import { formatMarkdownSummary } from '../report/format-markdown';
import { formatRunResult } from '../report/format-run-result';
import { formatStatus } from '../report/format-status';
import { toRunReports } from '../report/run-report';
import { toJson } from '../report/to-json';
import type { RunResult } from '../run/result';
import { describeOnEveryDatabase, type TestProject } from '../testing/workspace';

/** A row of the history, as the outputs show it. */
interface Row {
  readonly id: string;
  readonly name: string;
  readonly ms: number;
  readonly success: boolean;
  readonly action: 'apply' | 'revert';
}

/** A migration in a result, a report or a JSON document. */
interface Shown {
  readonly id: string;
  readonly name: string;
  readonly durationMs: number;
}

describeOnEveryDatabase('E8: names, counts and durations', (workspace) => {
  const slow = (sql: string) => `${sql}; SELECT pg_sleep(0.03)`;

  /** The rows that end the attempts of one run. */
  const rowsOf = async (project: TestProject, { runId }: RunResult): Promise<Row[]> => {
    const rows = await project.rows<Row & { state: string; run: string; migration: string }>(
      `project || ':' || version AS migration, migration_name AS name, execution_time_ms::int AS ms, success, action, state,
       run_id::text AS run`,
    );
    return rows
      .filter(({ state, run }) => run === runId && state !== 'running')
      .map((row) => ({ ...row, id: row.migration }));
  };

  /** Compares everything that tells of one run. */
  async function expectAgreement(project: TestProject, result: RunResult): Promise<void> {
    const rows = await rowsOf(project, result);
    const text = formatRunResult(result);
    const json = JSON.parse(toJson(result)) as { done: Shown[]; failed?: Shown };
    const plain = (shown: readonly Shown[]) =>
      shown.map(({ id, name, durationMs }) => ({ id, name, durationMs }));
    const all = (of: { readonly done: readonly Shown[]; readonly failed?: Shown | undefined }) =>
      plain(of.failed === undefined ? of.done : [...of.done, of.failed]);
    const [report] = toRunReports(result);
    const summary = formatMarkdownSummary([result]);
    const status = formatStatus(await project.status());
    const log = project.events.map((event) => formatEvent(event)).join('\n');
    const fromHistory = rows.map(({ id, name, ms }) => ({ id, name, durationMs: ms }));
    expect(all(result)).toEqual(fromHistory);
    expect(all(json)).toEqual(fromHistory);
    expect(report && all(report)).toEqual(fromHistory);
    for (const { id, name, ms, success, action } of rows) {
      const took = formatDuration(ms);
      const version = id.split(':')[1] ?? '';
      const verb = { apply: 'applied', revert: 'reverted' }[action];
      if (success) {
        expect(text).toMatch(new RegExp(`^ {2}${id} +${name} +${took}`, 'm'));
        expect(log).toContain(`${verb} ${id} ${name} in ${took}`);
        expect(summary).toMatch(
          new RegExp(`- ${verb} ${id} ${name.replaceAll('_', '\\\\_')} \\(${took}`),
        );
      } else {
        expect(text).toContain(`Failed to ${action} ${id} ${name} after ${took}`);
        expect(log).toContain(`failed to ${action} ${id} ${name} after ${took}`);
      }
      expect(status).toMatch(new RegExp(`^${version} +${name} .* ${took} `, 'm'));
    }
    expectCounts(result, text, summary);
  }

  function expectCounts(result: RunResult, text: string, summary: string): void {
    const { done, notReached, action } = result;
    const plural = (count: number) => `${count} migration${count === 1 ? '' : 's'}`;
    const verb = action === 'apply' ? 'Applied' : 'Reverted';
    if (done.length > 0) expect(text).toContain(`${verb} ${plural(done.length)} in `);
    if (notReached.length > 0) expect(text).toContain(`Skipped ${plural(notReached.length)}: `);
    const cells = summary
      .split('\n')
      .find((line) => line.startsWith('| api'))
      ?.split('|')
      .map((cell) => cell.trim());
    expect(cells?.slice(4, 8)).toEqual([
      action === 'apply' ? String(done.length) : '',
      action === 'revert' ? String(done.length) : '',
      result.failed?.id ?? '',
      notReached.length === 0 ? '' : String(notReached.length),
    ]);
    expect(cells?.[8]).toBe(formatDuration(result.durationMs));
  }

  const three = () =>
    workspace()
      .project()
      .add('one', { up: slow('CREATE TABLE one (id int)'), down: slow('DROP TABLE one') })
      .add('two', { up: slow('CREATE TABLE two (id int)'), down: slow('DROP TABLE two') })
      .add('three', 'CREATE TABLE three (id int)');

  it('E8: agree in text, JSON, report, history and status after a run and a rollback', async () => {
    const project = three();
    project.remove('three');
    await expectAgreement(project, await project.migrate());
    const last = { selection: { kind: 'last', count: 2 } } as const;
    await expectAgreement(project, await project.rollback(last));
  });

  it('E8: agree after a single transaction', async () => {
    const project = three();
    await expectAgreement(project, await project.migrate({ transaction: 'single' }));
  });

  it('E8: agree after a failure in the middle', async () => {
    const project = three().add('two', slow('SELECT 1') + '; SELECT 1/0');
    const result = await project.migrate();
    expect(result).toMatchObject({ done: { length: 1 }, notReached: { length: 1 } });
    await expectAgreement(project, result);
  });

  it('E8: agree after a failed single transaction', async () => {
    const project = three().add('two', slow('SELECT 1') + '; SELECT 1/0');
    const result = await project.migrate({ transaction: 'single' });
    expect(result).toMatchObject({ done: [], notReached: { length: 2 } });
    await expectAgreement(project, result);
  });

  it('E8: agree after a resumed migration without a transaction', async () => {
    const project = workspace()
      .project()
      .add('resumed', {
        transaction: false,
        up: (db) =>
          db.script('CREATE TABLE t (id int); SELECT pg_sleep(0.03); SELECT 1 / count(*) FROM u'),
      });
    const failed = await project.migrate();
    await expectAgreement(project, failed);
    await workspace().sql('CREATE TABLE u (id int); INSERT INTO u VALUES (1)');
    await expectAgreement(project, await project.migrate());
  });

  it('E8: agree in a dry run, which leaves no row', async () => {
    const project = three();
    const result = await project.migrate({ mode: 'dry-run' });
    const ids = result.plan.steps.map(({ migration }) => migration.id);
    const [report] = toRunReports(result);
    const summary = formatMarkdownSummary([result]);
    const status = await project.status();
    expect(report?.planned).toEqual(ids);
    expect(formatRunResult(result)).toContain('3 migrations');
    expect(summary).toContain('<summary>3 migrations</summary>');
    for (const id of ids) expect(summary).toContain(`would apply ${id}`);
    expect(status.counts.pending).toBe(3);
    expect(await project.history()).toEqual([]);
  });
});
