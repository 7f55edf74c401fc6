import { MigratorError } from '../errors';
import { rememberSecret } from '../text/redact';
import { formatError } from './format-error';
import { formatEvent } from './format-event';
import { escapeMarkdown } from './format-markdown';
import { toJson } from './to-json';

const SECRET = `canary "quoted" \\ it's $& 100%/é`;
const log = (message: string) =>
  formatEvent({ type: 'migration-log', id: 'api:1', level: 'info', message });

describe('Foreign text in output', () => {
  beforeAll(() => rememberSecret(SECRET));

  it('E4: shows no secret of a cause, of gathered errors or of a stack', () => {
    const inner = new AggregateError([new Error(SECRET)], `inner ${SECRET}`);
    const error = new MigratorError('MIGRATION_FAILED', `outer ${SECRET}`, { cause: inner });
    const text = formatError(error, { detail: 'verbose' });
    expect(text).toContain('caused by AggregateError: inner ***');
    expect(text + error.message + String(error.stack)).not.toContain('canary');
  });

  it('E4: shows no secret of a log line', () => {
    expect(log(JSON.stringify({ message: SECRET }))).toBe('api:1 info: {"message":"***"}');
  });

  it('E4: stays JSON with a secret that contains quotes and backslashes', () => {
    const text = toJson({ error: new Error(SECRET), nested: JSON.stringify(SECRET) });
    expect(JSON.parse(text)).toEqual({ error: { name: 'Error', message: '***' }, nested: '"***"' });
  });

  it('E5: indents further lines and lets none act as a command', () => {
    expect(log('first\n::set-output name=a::b\u001b[2J')).toBe(
      'api:1 info: first\n  \\::set-output name=a::b\\x1b[2J',
    );
    const error = new Error('first\n::error::x\n    at forged (a.ts:1:1)');
    expect(formatError(error)).toBe('Error: first\n  \\::error::x\n    at forged (a.ts:1:1)');
  });

  it('E5: keeps values exact in JSON and the document inert', () => {
    const value = '##vso[task.complete]\u009b2J\u202e\n::error::x';
    const text = toJson({ value });
    expect(JSON.parse(text)).toEqual({ value });
    expect(text).not.toMatch(/##|[\u007f-\u009f\u202e]|^\s*::/m);
  });

  it('E5: makes no link, image or mention in Markdown', () => {
    expect(escapeMarkdown('![a](https://x.org/p.png) @team #1 <img>')).toBe(
      '\\!\\[a\\](`https://x.org/p.png)` `@team` `#1` &lt;img&gt;',
    );
  });
});
