import { EventEmitter } from 'node:events';
import { cancelOnSignals } from './signals';

function listening() {
  const source = new EventEmitter();
  const quits: number[] = [];
  let time = 0;
  const cancel = cancelOnSignals({ source, quit: (code) => quits.push(code), now: () => time });
  return { source, cancel, quits, pass: (ms: number) => (time += ms) };
}

describe('signals to an executor', () => {
  it('cancel at the first one, and take its echo for the same', () => {
    const { source, cancel, quits, pass } = listening();
    source.emit('SIGINT');
    expect(cancel.signal.aborted).toBe(true);
    pass(249);
    source.emit('SIGINT');
    expect(quits).toEqual([]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('end the process at the second one: %s', (signal, exitCode) => {
    const { source, quits, pass } = listening();
    source.emit('SIGINT');
    pass(250);
    source.emit(signal);
    expect(quits).toEqual([exitCode]);
  });

  it('are nobody’s business once the task is over', () => {
    const { source, cancel } = listening();
    cancel.dispose();
    expect(source.eventNames()).toEqual([]);
  });
});
