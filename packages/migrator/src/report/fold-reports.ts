import type { RunReport } from './run-report';

/** Several runs of one CI run as one. */
export interface FoldedReport {
  readonly format: 1;
  /** `failed` as soon as one of them failed. */
  readonly status: 'done' | 'nothing-to-do' | 'planned' | 'failed';
  readonly counts: {
    readonly runs: number;
    readonly applied: number;
    readonly reverted: number;
    readonly failed: number;
    readonly notReached: number;
  };
  /** Milliseconds, added up: tasks that ran side by side took less on the clock. */
  readonly durationMs: number;
  /** By project, environment, database; of a run that was reported twice only one. */
  readonly runs: readonly RunReport[];
}

/** Folds the reports of a CI run into one: the same for whatever order they were found in. */
export function foldReports(reports: readonly RunReport[]): FoldedReport {
  // A restored cache may bring a report that is there already.
  const unique = new Map(reports.map((report) => [keyOf(report), report]));
  const inOrder = [...unique].sort(([left], [right]) => (left < right ? -1 : 1));
  const runs = inOrder.map(([, report]) => report);
  return {
    format: 1,
    status: foldStatus(runs),
    counts: {
      runs: runs.length,
      applied: sum(runs, (run) => (run.action === 'apply' ? run.done.length : 0)),
      reverted: sum(runs, (run) => (run.action === 'revert' ? run.done.length : 0)),
      failed: sum(runs, (run) => (run.status === 'failed' ? 1 : 0)),
      notReached: sum(runs, (run) => run.notReached.length),
    },
    durationMs: sum(runs, (run) => run.durationMs),
    runs,
  };
}

function foldStatus(runs: readonly RunReport[]): FoldedReport['status'] {
  const statuses = new Set(runs.map(({ status }) => status));
  if (statuses.has('failed')) return 'failed';
  if (statuses.has('done')) return 'done';
  return statuses.has('planned') ? 'planned' : 'nothing-to-do';
}

/** A run id stands for one run; what never ran has none, and is told apart by what it was to do. */
function keyOf({ project, environment, database, tenant, runId, planned }: RunReport): string {
  const run = runId === '' ? planned.join() : runId;
  return [project, environment, database ?? '', tenant ?? '', run].join('\u0000');
}

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}
