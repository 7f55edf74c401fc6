import { migration } from '../plan/testing/plan.factory';
import { formatRunResult } from './format-run-result';
import { formatSkipped } from './format-skipped';
import { formatTenantsResult } from './format-tenants';
import { context, failedResult, planOf, runResult } from './testing/result.factory';

/** Lines of a terminal, and its columns. */
const [LINES, COLUMNS] = [24, 80];

/** How far the text begins above the end of the output, in lines of a terminal. */
function linesFromEnd(output: string, text: string): number {
  const rest = output.slice(output.indexOf(text));
  return rest
    .split('\n')
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / COLUMNS)), 0);
}

const many = Array.from({ length: 272 }, (_, index) => migration(`api:${index + 3}`));
const skipping = failedResult({
  plan: planOf(many),
  notReached: many.map(({ id }) => id),
});

describe('E8: what a run skipped', () => {
  it('E8: is one line behind the error, with the first names', () => {
    const text = formatRunResult(skipping);
    expect(text.split('\n').at(-1)).toBe(
      'Skipped 272 migrations: api:00000000000003 step_3, api:00000000000004 step_4, api:00000000000005 step_5, … and 269 more (--verbose lists all)',
    );
    expect(linesFromEnd(text, 'Failed to apply')).toBeLessThan(LINES);
  });

  it('E8: is the same line for a rollback', () => {
    const text = formatRunResult({ ...skipping, action: 'revert' });
    expect(text).toMatch(/^Failed to revert [^]*\nSkipped 272 migrations: /m);
    expect(linesFromEnd(text, 'Failed to revert')).toBeLessThan(LINES);
  });

  it('E8: is listed before the error if all of it is wanted', () => {
    const text = formatRunResult(skipping, { detail: 'verbose' });
    expect(text.indexOf('api:00000000000274 step_274')).toBeLessThan(text.indexOf('Failed to'));
    // With its stack, whose length depends on the test runner.
    expect(linesFromEnd(text, 'Failed to apply')).toBeLessThan(3 * LINES);
  });

  it('E8: leaves the error at the end where many runs of other projects were skipped', () => {
    const behind = Array.from({ length: 30 }, (_, index) =>
      runResult({
        project: `project_${index}`,
        status: 'failed',
        done: [],
        plan: planOf(many),
        notReached: many.map(({ id }) => id),
      }),
    );
    const failed = failedResult({ project: 'first', done: [] });
    const text = formatRunResult(failedResult({ prerequisiteRuns: [failed, ...behind] }));
    expect(text).toContain('Skipped 8164 migrations: ');
    expect(text).not.toContain('project_7');
    expect(linesFromEnd(text, 'Failed to apply')).toBeLessThan(LINES);
  });

  it('E8: is bounded for tenants and databases, and for long names', () => {
    const names = Array.from({ length: 500 }, (_, index) => `${'n'.repeat(100)}${index}`);
    for (const noun of ['tenant', 'database'] as const) {
      const line = formatSkipped(noun, names) ?? '';
      expect(line).toContain(`Skipped 500 ${noun}s: `);
      expect(line.length).toBeLessThan(300);
    }
    expect(formatSkipped('database', ['us'])).toBe('Skipped 1 database: us');
    expect(formatSkipped('tenant', [])).toBeUndefined();
  });

  it('E8: names skipped tenants behind the failure', () => {
    const nothing = { runId: '', planned: [], done: [], failed: undefined, error: undefined };
    const skipped = Array.from({ length: 200 }, (_, index) => ({
      ...nothing,
      tenant: `t${index}`,
      status: 'not-reached' as const,
      durationMs: 0,
    }));
    const refused = { ...nothing, tenant: 'first', status: 'refused' as const, durationMs: 1 };
    const text = formatTenantsResult({
      ...context,
      action: 'apply',
      status: 'failed',
      canary: undefined,
      counts: {
        total: 201,
        done: 0,
        upToDate: 0,
        planned: 0,
        failed: 0,
        refused: 1,
        notReached: 200,
      },
      tenants: [{ ...refused, error: new Error('down') }, ...skipped],
      durationMs: 1,
      finishedAt: '2025-11-20T12:00:00.000Z',
    });
    expect(text).toMatch(/down[^]*Skipped 200 tenants: t0, t1, t2, … and 197 more/);
    expect(text).toContain('1 refused, 200 skipped.');
    expect(linesFromEnd(text, 'down')).toBeLessThan(LINES);
  });
});
