import { MigratorError } from '../errors';
import { entry, file, migration } from '../plan/testing/plan.factory';
import { migrationStatuses } from '../plan/migration-statuses';
import type { TenantOutcome, TenantsResult, TenantsStatusResult } from '../run/result';
import { foldReports } from './fold-reports';
import { formatEvent } from './format-event';
import { formatMarkdownSummary } from './format-markdown';
import { formatStatusMatrix } from './format-status-matrix';
import { formatTenantsResult, formatTenantsStatus } from './format-tenants';
import { parseRunReport, tenantReports } from './run-report';
import { tenantsNotReached } from './tenants-not-reached';
import { expectGolden } from './testing/golden';
import { context, failure, outcome, statusResult } from './testing/result.factory';
import { toJson } from './to-json';

const NOT_RENAMED = { formerEnvironment: undefined, formerNames: [] };

function tenant(name: string, changes: Partial<TenantOutcome> = {}): TenantOutcome {
  return {
    tenant: name,
    status: 'done',
    runId: `run-of-${name}`,
    planned: [failure.id],
    done: [outcome('api:1', 12)],
    failed: undefined,
    error: undefined,
    durationMs: 40,
    ...changes,
  };
}

/** 996 that were done, one that failed, one that was refused, two that were not reached. */
function thousand(): TenantsResult {
  const refusal = new MigratorError('LOCK_HELD', 'Somebody else is at it.');
  const nothing = { runId: '', planned: [], done: [] };
  return {
    ...context,
    action: 'apply',
    status: 'failed',
    canary: 'tenant_0',
    counts: {
      total: 1000,
      done: 996,
      upToDate: 0,
      planned: 0,
      failed: 1,
      refused: 1,
      notReached: 2,
    },
    tenants: [
      ...Array.from({ length: 996 }, (_, index) => tenant(`tenant_${index}`)),
      tenant('acme', { status: 'failed', failed: failure, done: [] }),
      tenant('umbrella', { ...nothing, status: 'refused', error: refusal }),
      tenant('last', { ...nothing, status: 'not-reached' }),
      tenant('very_last', { ...nothing, status: 'not-reached' }),
    ],
    durationMs: 61_000,
    finishedAt: '2025-11-20T12:00:00.000Z',
  };
}

describe('the text about a thousand tenants', () => {
  it('is short: counts, and the failures with their reasons', () => {
    expectGolden(formatTenantsResult(thousand()), 'tenants-failed.txt');
  });

  it('has a line for each where that is asked for', () => {
    const lines = formatTenantsResult(thousand(), { detail: 'each' }).split('\n');
    expect(
      lines.filter((line) => /^tenant_\d+ +done +1 migration +40 ms$/.test(line)),
    ).toHaveLength(996);
  });

  it('tells of a dry run which tenants lack what', () => {
    const [first, second] = [migration('api:1').id, migration('api:2').id];
    const planned = { status: 'planned', runId: '', done: [] } as const;
    const text = formatTenantsResult({
      ...thousand(),
      status: 'planned',
      counts: { ...thousand().counts, total: 4, planned: 3, done: 0, upToDate: 1 },
      tenants: [
        tenant('acme', { ...planned, planned: [first, second] }),
        tenant('umbrella', { ...planned, planned: [second] }),
        tenant('globex', { ...planned, planned: [first, second] }),
        tenant('initech', { ...planned, status: 'nothing-to-do', planned: [] }),
      ],
    });
    expect(text).toContain(`2 tenants without 2 migrations: acme, globex\n  ${first}\n  ${second}`);
    expect(text).toContain(`1 tenant without 1 migration: umbrella\n  ${second}`);
    expect(text).not.toContain('initech');
  });

  it('groups failures by their reason, whatever names, times and processes are in it', () => {
    const failed = Array.from({ length: 2000 }, (_, index) => {
      const name = `t${index}`;
      const error = new MigratorError(
        'MIGRATION_FAILED',
        `relation "${name}.users" is locked by process ${index} since 2025-01-01T00:00:${10 + (index % 50)}Z`,
      );
      return tenant(name, { status: 'failed', failed: { ...failure, error } });
    });
    const refused = ['x', 'y'].map((name) =>
      tenant(name, { status: 'refused', error: new MigratorError('LOCK_HELD', 'Held.') }),
    );
    const text = formatTenantsResult({ ...thousand(), tenants: [...failed, ...refused] });
    expect(text).toContain(
      `2000 tenants failed at ${failure.id} step_2: t0, t1, t2, t3, t4, and 1995 more`,
    );
    expect(text).toContain('2 tenants were refused: x, y\n  LOCK_HELD: Held.');
    expect(text.split('\n').length).toBeLessThan(15);
    const document = JSON.parse(toJson({ ...thousand(), tenants: failed })) as TenantsResult;
    expect(document.tenants[1999]).toMatchObject({
      tenant: 't1999',
      failed: { id: failure.id, error: { code: 'MIGRATION_FAILED' } },
    });
    const summary = formatMarkdownSummary(tenantReports({ ...thousand(), tenants: failed }));
    expect(summary.match(/MIGRATION/g)).toHaveLength(1);
    expect(summary).toMatch(/2000 tenants: t0, .* and 1995 more/);
  });

  it('keeps reasons apart: another migration, another error, a name that is part of a word', () => {
    const failed = ['MIGRATION_FAILED', 'LOCK_TIMEOUT'].flatMap((code, index) =>
      ['a', 'b'].map((name) =>
        tenant(`${name}${index}`, {
          status: 'failed',
          failed: { ...failure, error: new MigratorError(code as 'LOCK_TIMEOUT', 'a banana') },
        }),
      ),
    );
    const text = formatTenantsResult({ ...thousand(), tenants: failed });
    expect(text.match(/2 tenants failed at/g)).toHaveLength(2);
    const others = [failure.id, migration('api:1').id].map((id, index) =>
      tenant(`t${index}`, { status: 'failed', failed: { ...failure, id } }),
    );
    expect(formatTenantsResult({ ...thousand(), tenants: others })).not.toContain(
      '2 tenants failed',
    );
  });

  it('lists no more reasons than anybody reads', () => {
    const failed = Array.from({ length: 300 }, (_, index) => {
      const error = new MigratorError('MIGRATION_FAILED', `no table users_${index}`);
      return tenant(`t${index}`, { status: 'failed', failed: { ...failure, error } });
    });
    const text = formatTenantsResult({ ...thousand(), tenants: failed });
    expect(text).toContain('… and 280 more reasons: --json has them all.');
  });

  it('says when there are none', () => {
    const counts = {
      ...thousand().counts,
      total: 0,
      done: 0,
      failed: 0,
      refused: 0,
      notReached: 0,
    };
    const none = formatTenantsResult({
      ...thousand(),
      status: 'nothing-to-do',
      tenants: [],
      counts,
    });
    expect(none).toContain('Nothing to do: the environment names no tenants.');
  });
});

it('the status of tenants puts those together that lack the same', () => {
  const counts = { applied: 1, pending: 1, failed: 0, drifted: 0 };
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const behind = names.map((name) => ({
    tenant: name,
    counts,
    pending: [failure.id],
    failed: [],
    problems: [],
    error: undefined,
    formerEnvironment: 'qa',
    formerNames: [{ from: 'old-api', migrations: 2 }],
  }));
  const [problem] = statusResult().problems;
  const result: TenantsStatusResult = {
    ...context,
    counts: { total: 9, upToDate: 0, behind: 7, troubled: 2 },
    tenants: [
      ...behind,
      {
        tenant: 'drifted',
        counts: { ...counts, drifted: 1 },
        pending: [],
        failed: [],
        problems: problem === undefined ? [] : [problem],
        error: undefined,
        ...NOT_RENAMED,
      },
      {
        tenant: 'gone',
        counts,
        pending: [],
        failed: [],
        problems: [],
        error: new MigratorError('CONNECTION_FAILED', 'Nobody is there.'),
        ...NOT_RENAMED,
      },
    ],
  };
  expectGolden(formatTenantsStatus(result), 'tenants-status.txt');
});

it('the status of tenants names what failed there, once for all of them', () => {
  const counts = { applied: 1, pending: 0, failed: 1, drifted: 0 };
  const error = { code: 'MIGRATION_FAILED', message: 'no table users' };
  const tenants = ['a', 'b', 'c'].map((name) => ({
    tenant: name,
    counts,
    pending: [],
    failed: [{ id: failure.id, name: 'step_2', state: 'failed' as const, error }],
    problems: [],
    error: undefined,
    ...NOT_RENAMED,
  }));
  const total = { total: 3, upToDate: 0, behind: 0, troubled: 3 };
  const text = formatTenantsStatus({ ...context, counts: total, tenants });
  expect(text).toContain(
    `3 tenants: a, b, c\n  1 failed, 0 drifted\n  ${failure.id} step_2 failed: MIGRATION_FAILED: no table users`,
  );
});

it('the matrix shows migrations by databases, also one that cannot be looked at', () => {
  const eu = statusResult();
  const migrations = migrationStatuses({
    project: 'api',
    files: ['api:1', 'api:2'].map(file),
    entries: [entry('api:1')],
  });
  const us = { ...eu, migrations, problems: [] };
  const columns = [
    { name: 'eu', status: eu },
    { name: 'us', status: us },
    { name: 'asia', status: undefined },
  ];
  expectGolden(formatStatusMatrix(columns), 'status-matrix.txt');
});

it('G6: the matrix names the migration that failed on a database, and the reason', () => {
  const failed = entry('api:2', 'failed', {
    error: { code: 'MIGRATION_FAILED', message: 'no table users\nsecond line', stack: '' },
  });
  const migrations = migrationStatuses({
    project: 'api',
    files: ['api:1', 'api:2'].map(file),
    entries: [entry('api:1'), failed],
  });
  const us = { ...statusResult(), migrations, problems: [] };
  const text = formatStatusMatrix([
    { name: 'eu', status: statusResult() },
    { name: 'us', status: us },
  ]);
  expect(text).toMatch(/Failed on us:\n {2}api:0+2 \S+: MIGRATION_FAILED: no table users\n/);
  expect(text).not.toContain('second line');
});

describe('reports of tenants', () => {
  it('are those of ordinary runs, one for each that was run on or refused', () => {
    const reports = tenantReports(thousand());
    expect(reports).toHaveLength(998);
    expect(reports.every((report) => parseRunReport(report) !== undefined)).toBe(true);
    expect(foldReports(reports).counts).toMatchObject({ runs: 998, applied: 996, failed: 2 });
  });

  it('survive being written as JSON and read back', () => {
    const back = JSON.parse(toJson(thousand())) as TenantsResult;
    const fold = (result: TenantsResult) => foldReports(tenantReports(result));
    expect(fold(back).counts).toEqual(fold(thousand()).counts);
    expect(tenantReports(back).at(-1)?.failed).toMatchObject({ code: 'LOCK_HELD' });
  });

  it('are there also of a tenant whose prerequisite failed, so that its own run never began', () => {
    const tenants = [tenant('acme', { status: 'failed', runId: '', failed: failure, done: [] })];
    const reports = tenantReports({ ...thousand(), tenants });
    expect(foldReports(reports)).toMatchObject({ status: 'failed', counts: { failed: 1 } });
  });

  it('say how many tenants were not reached', () => {
    expect(tenantsNotReached(thousand())).toMatchObject({ status: 'not-reached', tenants: 2 });
    expect(tenantsNotReached({ ...thousand(), tenants: [tenant('acme')] })).toBeUndefined();
  });

  it('are one row of a summary', () => {
    expectGolden(formatMarkdownSummary(tenantReports(thousand())), 'tenants-summary.md.txt');
  });
});

it('a log tells of a tenant only what is out of the ordinary', () => {
  const about = { type: 'tenant-event', tenant: 'acme' } as const;
  const { id, name, error, durationMs } = failure;
  const step = { id, name, action: 'apply', durationMs } as const;
  const finished = { type: 'migration-finished', ...step, index: 0, total: 1 } as const;
  const failed = { type: 'migration-failed', ...step, error } as const;
  expect(formatEvent({ ...about, event: finished })).toBeUndefined();
  expect(formatEvent({ ...about, event: failed })).toMatch(/^acme: failed to apply api:/);
});

it('G5: a log has only the first line of the error of a tenant, and all of it with verbose', () => {
  const { id, name, durationMs } = failure;
  const error = new MigratorError('MIGRATION_FAILED', 'No such column.\n  3 | SELECT nothing\n  ^');
  const event = { type: 'migration-failed', id, name, action: 'apply', durationMs, error } as const;
  const about = { type: 'tenant-event', tenant: 'acme', event } as const;
  expect(formatEvent(about)).toMatch(/^acme: .*MIGRATION_FAILED: No such column\. …$/);
  expect(formatEvent(about, { detail: 'verbose' })).toContain('SELECT nothing');
  expect(formatEvent(event)).toContain('SELECT nothing');
});
