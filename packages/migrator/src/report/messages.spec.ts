import type { MessageSeverity, ServerMessages } from '../migration/server-messages';
import { formatEvent } from './format-event';
import { formatMarkdownSummary } from './format-markdown';
import { formatRunResult } from './format-run-result';
import { formatTenantMessages } from './format-messages';
import { plainStyle } from './style';
import { failedResult, failure, outcome, runResult } from './testing/result.factory';
import { reportsIn } from './run-report';
import { toJson } from './to-json';

const id = 'api:20250101000001';

function messages(severity: MessageSeverity, kept: number, count: number = kept): ServerMessages {
  const list = Array.from({ length: kept }, (_, index) => ({
    severity,
    sqlState: '00000',
    message: `message ${index + 1}`,
  }));
  return { counts: { [severity]: count }, kept: list, omitted: count - kept };
}

const line = (severity: MessageSeverity, nth: number, detail: 'short' | 'verbose') => {
  const message = {
    severity,
    sqlState: '42P07',
    message: 'relation "t" already exists, skipping',
    hint: 'none',
    where: 'function f',
  };
  return formatEvent({ type: 'migration-message', id, message, nth }, { detail });
};

describe('messages of the server', () => {
  it('E3: shows warnings, notices and infos with their hint', () => {
    expect(line('NOTICE', 1, 'short')).toBe(
      `${id} NOTICE: relation "t" already exists, skipping (SQLSTATE 42P07)\n  hint: none`,
    );
    expect(line('WARNING', 20, 'short')).toContain('WARNING');
    expect(line('INFO', 20, 'short')).toContain('INFO');
  });

  it('E3: shows log and debug messages, more than twenty, and their place only if asked', () => {
    expect(line('DEBUG', 1, 'short')).toBeUndefined();
    expect(line('LOG', 1, 'short')).toBeUndefined();
    expect(line('NOTICE', 21, 'short')).toBeUndefined();
    expect(line('DEBUG', 99, 'verbose')).toContain('where: function f');
  });

  it('E3: tells exactly how many messages were not shown', () => {
    const event = {
      type: 'migration-messages',
      id,
      messages: messages('NOTICE', 100, 1000),
    } as const;
    expect(formatEvent(event)).toBe(`${id} and 980 more notices`);
    expect(formatEvent(event, { detail: 'verbose' })).toBe(`${id} and 900 more notices`);
    const few = { ...event, messages: messages('WARNING', 20) };
    expect(formatEvent(few)).toBeUndefined();
    expect(formatEvent({ ...event, messages: messages('WARNING', 21) })).toBe(
      `${id} and 1 more warning`,
    );
    expect(formatEvent({ ...event, messages: messages('DEBUG', 5) })).toBeUndefined();
  });

  it('E3: counts messages beside the migration and the failure that they belong to', () => {
    const done = [{ ...outcome('api:1', 12), messages: messages('NOTICE', 1) }];
    expect(formatRunResult(runResult({ done }))).toMatch(/step_1 {2}12 ms {2}1 notice$/m);
    const failed = { ...failure, messages: messages('WARNING', 2) };
    expect(formatRunResult(failedResult({ failed }))).toMatch(/after 3 ms \(2 warnings\):$/m);
  });

  it('E3: lists warnings in the summary of a job, without letting their text act', () => {
    const warned = { ...messages('WARNING', 1), kept: [] };
    const kept = [{ severity: 'WARNING', sqlState: '01000', message: '<b>&\nnext' }] as const;
    const done = [{ ...outcome('api:1', 12), messages: { ...warned, kept } }];
    const summary = formatMarkdownSummary([runResult({ done })]);
    expect(summary).toContain(': &lt;b&gt;&amp;\n');
    expect(summary).toContain('(12 ms, 1 warning)');
  });

  it('E3: tells how many messages tenants and summaries only counted', () => {
    const done = [{ ...outcome('api:1', 12), messages: messages('WARNING', 10, 25) }];
    const quiet = [{ ...outcome('api:1', 12), messages: messages('DEBUG', 0, 25) }];
    const tenant = { status: 'done', runId: 'r', planned: [], failed: undefined } as const;
    const tenants = ['a', 'b'].map((name, index) => ({
      ...tenant,
      tenant: name,
      done: index === 0 ? done : [...done, ...quiet],
      error: undefined,
      durationMs: 1,
    }));
    expect(formatTenantMessages(tenants, plainStyle)).toMatch(
      /message 10\n.*\nand 30 more warnings that were only counted$/,
    );
    expect(formatMarkdownSummary([runResult({ done })])).toContain(
      'message 10\n- and 15 more warnings that were only counted\n',
    );
  });

  it('E3: survive the way through JSON, and damaged ones are no report', () => {
    const done = [{ ...outcome('api:1', 12), messages: messages('NOTICE', 60, 70) }];
    const json = JSON.parse(toJson(runResult({ done }))) as Record<string, unknown>;
    const [report] = reportsIn(json) ?? [];
    expect(report?.done[0]?.messages?.counts).toEqual({ NOTICE: 70 });
    expect(report?.done[0]?.messages).toMatchObject({ omitted: 50, kept: { length: 20 } });
    const damaged = { ...json, done: [{ ...outcome('api:1', 12), messages: { kept: 'x' } }] };
    expect(reportsIn(damaged)).toBeUndefined();
  });

  it('E3: shows the messages of a thousand tenants once, with the tenants', () => {
    const tenants = Array.from({ length: 1000 }, (_, index) => ({
      tenant: `t${index}`,
      status: 'done' as const,
      runId: 'r',
      planned: [],
      done: [{ ...outcome('api:1', 12), messages: messages('WARNING', 1) }],
      failed: undefined,
      error: undefined,
      durationMs: 1,
    }));
    expect(formatTenantMessages(tenants, plainStyle)).toBe(
      `WARNING of ${outcome('api:1', 1).id}: message 1\n  1000 tenants: t0, t1, t2, t3, t4, and 995 more`,
    );
    const event = {
      type: 'tenant-event',
      tenant: 't1',
      event: { type: 'migration-messages', id, messages: messages('NOTICE', 30) },
    } as const;
    expect(formatEvent(event)).toBeUndefined();
  });
});
