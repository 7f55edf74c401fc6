import { MigratorError } from '../errors';
import { foldReports } from './fold-reports';
import { escapeMarkdown, formatMarkdownSummary } from './format-markdown';
import { parseRunReport, toRunReport, toRunReports } from './run-report';
import { expectGolden } from './testing/golden';
import { failedResult, outcome, planOf, runResult } from './testing/result.factory';
import { migration } from '../plan/testing/plan.factory';
import { toJson } from './to-json';

describe('JSON', () => {
  it('is one document with keys in order of the alphabet', () => {
    expect(toJson({ b: 1, a: [{ d: 1, c: undefined }, undefined] })).toBe(
      JSON.stringify({ a: [{ d: 1 }, null], b: 1 }, null, 2),
    );
  });

  it('gives an error of the migrator with all its problems, without cause and stack', () => {
    const error = new MigratorError('NO_DOWN', 'No down.', {
      hint: 'Write it.',
      cause: new Error('secret'),
    });
    const problem = { code: 'NO_DOWN', hint: 'Write it.', message: 'No down.' };
    expect(JSON.parse(toJson({ error }))).toEqual({ error: { ...problem, problems: [problem] } });
  });

  it('gives other errors with name and message', () => {
    expect(JSON.parse(toJson(new TypeError('no')))).toEqual({ name: 'TypeError', message: 'no' });
  });

  it.each<[unknown, unknown]>([
    [undefined, null],
    [10n, '10'],
    [Number.NaN, 'NaN'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Map([['a', 1]]), { a: 1 }],
    [new Set([1]), [1]],
    [[() => 1], [null]],
    ['postgres://me:canary@host/x', 'postgres://me:***@host/x'],
  ])('takes %p as %p', (value, json) => expect(JSON.parse(toJson(value))).toEqual(json));

  it('comes to an end in a circle', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(JSON.parse(toJson(circle))).toEqual({ self: '[circular]' });
  });

  it('gives a whole run', () => {
    expectGolden(toJson(failedResult()), 'run-failed.json.txt');
  });
});

describe('reports of a CI run', () => {
  const report = toRunReport(runResult());
  const other = toRunReport(failedResult({ project: 'billing', runId: 'b' }));

  it('come back from JSON as they were', () => {
    for (const one of [report, other]) {
      expect(parseRunReport(JSON.parse(toJson(one)))).toEqual(JSON.parse(JSON.stringify(one)));
    }
  });

  it.each([
    null,
    'text',
    {},
    { ...report, format: 2 },
    { ...report, done: [1] },
    { ...report, action: 'x' },
    { ...report, tenant: 1 },
    { ...report, failed: report.done[0] },
  ])('are not read from %p', (value) => expect(parseRunReport(value)).toBeUndefined());

  it('fold into one, the same for any order and for one that was found twice', () => {
    const folded = foldReports([other, report, report]);
    expect(folded).toEqual(foldReports([report, other]));
    expect(folded).toMatchObject({
      status: 'failed',
      counts: { runs: 2, applied: 2, reverted: 0, failed: 1, notReached: 2 },
    });
  });

  it('of what never ran fold the same for any order, too', () => {
    const planned = (id: string) => ({ ...report, runId: '', planned: [id] });
    const folded = foldReports([planned('api:2'), planned('api:1')]);
    expect(folded).toEqual(foldReports([planned('api:1'), planned('api:2')]));
  });

  it('count the time of a run that others went before once', () => {
    const before = [runResult({ project: 'users', runId: 'u', durationMs: 30 })];
    const reports = toRunReports(runResult({ prerequisiteRuns: before, durationMs: 50 }));
    expect(reports.map(({ durationMs }) => durationMs)).toEqual([30, 20]);
    expect(foldReports(reports).durationMs).toBe(50);
  });

  it.each([
    [['nothing-to-do', 'done'], 'done'],
    [['nothing-to-do', 'planned'], 'planned'],
    [['nothing-to-do'], 'nothing-to-do'],
    [[], 'nothing-to-do'],
  ] as const)('%p fold to %s', (statuses, folded) => {
    const reports = statuses.map((status) => ({ ...report, status, runId: status }));
    expect(foldReports(reports).status).toBe(folded);
  });
});

describe('the Markdown summary', () => {
  it('is a table of projects, what failed, and what was done', () => {
    const nothing = runResult({ project: 'web', status: 'nothing-to-do', done: [], durationMs: 9 });
    expectGolden(
      formatMarkdownSummary([failedResult(), runResult({ project: 'users' }), nothing]),
      'summary.md.txt',
    );
  });

  it('of a dry run says what would be done', () => {
    const plan = planOf([migration('api:1')]);
    const planned = runResult({ status: 'planned', done: [], plan, databaseName: 'eu' });
    expectGolden(formatMarkdownSummary([planned]), 'summary-planned.md.txt');
  });

  it('H5: escapes what could break the table or become HTML, and adds nothing to an id', () => {
    expect(escapeMarkdown('a|b `c` <script>\n*d* @team, a @ b')).toBe(
      'a\\|b \\`c\\` &lt;script&gt; \\*d\\* `@team`, a @ b',
    );
    expect(escapeMarkdown('@acme/api_x:20250917102200 (a|b)')).toBe(
      '`@acme/api_x:20250917102200` (a\\|b)',
    );
  });

  it('does not list hundreds', () => {
    const done = Array.from({ length: 200 }, (_, index) => outcome(`api:${index}`, 1));
    expect(formatMarkdownSummary([runResult({ done })])).toContain('- and 150 more');
  });
});
