import { EventEmitter } from 'node:events';
import { StreamWriter } from './stream-writer';

/** A stream whose reader reads when the test says so. */
function stream(limit?: number) {
  const source = new EventEmitter();
  const waiting: { text: string; done: (error?: Error | null) => void }[] = [];
  const read: string[] = [];
  const writer = new StreamWriter(
    Object.assign(source, { writableLength: 1 }),
    (bytes, done) => void waiting.push({ text: Buffer.from(bytes).toString('utf8'), done }),
    limit,
  );
  const readAll = (error?: Error) => {
    for (let write = waiting.shift(); write !== undefined; write = waiting.shift()) {
      if (error === undefined) read.push(write.text);
      write.done(error);
      if (error !== undefined) source.emit('error', error);
    }
    return read.join('');
  };
  const write = (text: string, importance: 'kept' | 'droppable' = 'droppable') =>
    writer.write(Buffer.from(text), importance);
  return { writer, write, readAll, waiting };
}

const never = new AbortController().signal;

describe('The queue in front of a stream', () => {
  it('E7: hands over one write at a time, in order', () => {
    const { write, readAll, waiting } = stream();
    for (const text of ['a', 'b', 'c']) write(text);
    expect(waiting).toHaveLength(1);
    expect(readAll()).toBe('abc');
  });

  it('E7: drops the oldest output of a reader that is too slow, and never the result', () => {
    const { write, readAll } = stream(100);
    write('result', 'kept');
    for (let i = 0; i < 1000; i++) write(`line ${i}\n`);
    const text = readAll();
    expect(text).toMatch(/^result/);
    expect(text).not.toContain('line 5\n');
    expect(text).toMatch(/line 999\n\(\d+ bytes of earlier output were dropped/);
  });

  it('E7: reports only the failure of a write that matters', () => {
    const { writer, write, readAll } = stream();
    write('progress');
    write('result', 'kept');
    const error = Object.assign(new Error('full'), { code: 'ENOSPC' });
    readAll(error);
    expect(writer.failure).toBe(error);
    const other = stream();
    other.write('progress');
    other.readAll(error);
    other.write('result', 'kept');
    expect(other.readAll()).toBe('result');
    expect(other.writer).toMatchObject({ failure: undefined, settled: true });
  });

  it('E7: waits for a reader that reads, and gives up on one that takes nothing', async () => {
    const { writer, write, readAll } = stream();
    write('result', 'kept');
    expect(await writer.settle(1, never)).toBe(false);
    expect(writer.owesResult).toBe(true);
    setImmediate(readAll);
    expect(await writer.settle(Number.POSITIVE_INFINITY, never)).toBe(true);
  });

  it('E7: queues nothing for a reader that is gone, and knows that the result is lost', async () => {
    const { writer, write, readAll, waiting } = stream();
    for (let i = 0; i < 10; i++) write('progress');
    const error = Object.assign(new Error('closed'), { code: 'EIO' });
    readAll(error);
    write('more');
    write('result', 'kept');
    expect(waiting).toEqual([]);
    expect(writer).toMatchObject({ settled: true, failure: error });
    expect(await writer.settle(Number.POSITIVE_INFINITY, never)).toBe(true);
  });

  it('E7: survives a write that throws', async () => {
    const writer = new StreamWriter(new EventEmitter(), () => {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    });
    writer.write(Buffer.from('result'), 'kept');
    expect(await writer.settle(1_000, never)).toBe(true);
    expect(writer.failure).toMatchObject({ code: 'ENOSPC' });
  });

  it('E7: hands over everything at once when the process ends', () => {
    const { writer, write, waiting } = stream();
    for (const text of ['a', 'b', 'c']) write(text);
    writer.drain();
    expect(waiting.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  });
});
