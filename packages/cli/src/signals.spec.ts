import { EventEmitter } from 'node:events';
import { listenForCancellation } from './signals';

function listening() {
  const source = new EventEmitter();
  const quits: string[] = [];
  let time = 0;
  const cancellation = listenForCancellation({
    source,
    onQuit: (signal) => quits.push(signal),
    now: () => time,
  });
  const after = (ms: number) => {
    time += ms;
    return source;
  };
  return { source, cancellation, quits, after };
}

describe('Cancelling by a signal', () => {
  it('aborts at the first one and remembers which it was', () => {
    const { cancellation, after, quits } = listening();
    after(0).emit('SIGTERM');
    expect(cancellation.signal.aborted).toBe(true);
    expect(cancellation.received).toBe('SIGTERM');
    expect(quits).toEqual([]);
  });

  it('quits at the second one', () => {
    const { cancellation, after, quits } = listening();
    after(0).emit('SIGINT');
    after(1_000).emit('SIGINT');
    expect(quits).toEqual(['SIGINT']);
    expect(cancellation.received).toBe('SIGINT');
  });

  it('takes the echo that npm and Nx send for the same key press', () => {
    const { after, quits } = listening();
    after(0).emit('SIGINT');
    after(5).emit('SIGINT');
    expect(quits).toEqual([]);
  });

  it('leaves no listener behind', () => {
    const { source, cancellation } = listening();
    cancellation.dispose();
    expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(0);
  });
});
