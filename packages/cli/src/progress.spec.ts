import type { RunEvent } from '@flashfusion/migrator';
import { createProgress } from './progress';
import { keptStream } from './testing/streams';

const id = 'api:20250917102200';
const reconnecting: RunEvent = { type: 'reconnecting', id, why: 'the connection was lost' };
const started: RunEvent = {
  type: 'migration-started',
  id,
  name: 'add_teams',
  action: 'apply',
  index: 1,
  total: 3,
};
const log = (level: 'debug' | 'info'): RunEvent => ({
  type: 'migration-log',
  id,
  level,
  message: `a line of ${level}`,
});

function linesOf(
  kind: 'line' | 'log',
  verbosity: 'quiet' | 'verbose',
  events: readonly RunEvent[],
): string[] {
  const { stream, text } = keptStream(kind === 'line' ? 'terminal' : 'pipe');
  const format = (event: RunEvent) => (event.type === 'migration-log' ? event.message : event.type);
  const progress = createProgress({ stream, kind, verbose: verbosity === 'verbose', format });
  events.forEach(progress.onEvent);
  progress.stop();
  return text().split('\n').slice(0, -1);
}

describe('Progress in a log', () => {
  it('is a line for each event', () => {
    const lines = linesOf('log', 'quiet', [reconnecting, started, log('info')]);
    expect(lines).toEqual(['reconnecting', 'migration-started', 'a line of info']);
  });

  it('has the debug lines of migrations only where they are wanted', () => {
    expect(linesOf('log', 'quiet', [log('debug')])).toEqual([]);
    expect(linesOf('log', 'verbose', [log('debug')])).toEqual(['a line of debug']);
  });
});

describe('Progress on a terminal', () => {
  it('keeps what the result will not tell, and lets the rest go by', () => {
    const lines = linesOf('line', 'quiet', [reconnecting, started, log('info')]);
    expect(lines).toEqual(['reconnecting', 'a line of info']);
  });
});
