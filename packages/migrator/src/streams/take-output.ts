import type { Delivery, OutputFormat } from './delivery';
import { StreamWriter, type Importance, type RawWrite } from './stream-writer';

/** Where the result of a command goes. `write` never throws and never blocks. */
export interface ResultStream {
  readonly isTTY?: boolean;
  write(text: string): boolean;
}

/** The standard streams of the process in the hands of one command. */
export interface ProcessOutput {
  /** Standard output. With the format `json`, the first text is the document; any further text goes to standard error. */
  readonly result: ResultStream;
  /** Whether a result was written. */
  readonly answered: boolean;
  /**
   * Waits until both streams have written what they were given.
   *
   * @param patienceMs how long a reader may take nothing at all; `Infinity` waits for as long as it takes
   * @param signal ends the wait
   * @returns whether standard output has taken the result
   */
  finish(patienceMs: number, signal?: AbortSignal): Promise<Delivery>;
  /** Gives the streams back. */
  release(): void;
}

/**
 * Takes over `process.stdout` and `process.stderr` until it is released.
 *
 * - No write to them throws, blocks the event loop or ends the process, neither of the command nor of the code that it loads. A
 *   reader that does not read fills a queue; if the queue is full, the oldest lines are dropped and a note says so. The
 *   result is never dropped.
 * - With the format `json`, what anything else than the command prints to standard output goes to standard error:
 *   `console.log`, `process.stdout`, the descriptor 1 in `node:fs`, and child processes that inherit it.
 *
 * Overlapping calls share the streams; standard output is redirected while one of them has the format `json`.
 */
export function takeOutput(format: OutputFormat): ProcessOutput {
  const streams = (taken ??= takeStreams());
  streams.holders += 1;
  if (format === 'json') streams.redirect();
  let released = false;
  let results = 0;
  return {
    result: {
      isTTY: process.stdout.isTTY,
      write(text) {
        const toStderr = format === 'json' && results > 0;
        results += 1;
        const writer = toStderr ? streams.stderr : streams.stdout;
        writer.write(Buffer.from(text), toStderr ? 'droppable' : 'kept');
        return true;
      },
    },
    get answered() {
      return results > 0;
    },
    async finish(patienceMs, signal = new AbortController().signal) {
      await Promise.all([
        streams.stdout.settle(patienceMs, signal),
        streams.stderr.settle(patienceMs, signal),
      ]);
      return deliveryOf(streams.stdout);
    },
    release() {
      if (released) return;
      released = true;
      if (format === 'json') streams.restore();
      streams.holders -= 1;
      if (streams.holders > 0) return;
      streams.release();
      taken = undefined;
    },
  };
}

interface TakenStreams {
  readonly stdout: StreamWriter;
  readonly stderr: StreamWriter;
  holders: number;
  /** Sends foreign output to standard error from now on; calls nest. */
  redirect(): void;
  restore(): void;
  release(): void;
}

/** A process has one pair of streams. */
let taken: TakenStreams | undefined;

function takeStreams(): TakenStreams {
  let redirects = 0;
  let undoRedirect: (() => void) | undefined;
  const out = patch(process.stdout, () => (redirects > 0 ? err.writer : out.writer));
  const err = patch(process.stderr, () => err.writer);
  const drain = () => {
    out.writer.drain();
    err.writer.drain();
  };
  process.on('exit', drain);
  const survive = surviveFileSizeLimit();
  return {
    stdout: out.writer,
    stderr: err.writer,
    holders: 0,
    redirect() {
      redirects += 1;
      undoRedirect ??= loadRedirect().redirectDescriptor();
    },
    restore() {
      redirects -= 1;
      if (redirects > 0) return;
      undoRedirect?.();
      undoRedirect = undefined;
    },
    release() {
      process.off('exit', drain);
      survive.dispose();
      out.release();
      err.release();
    },
  };
}

/**
 * A write beyond the size limit of files (`ulimit -f`) sends a signal that ends the process, in the middle of a run. With a
 * listener the write fails with EFBIG instead. Files of an embedded database are under the same limit.
 */
function surviveFileSizeLimit(): { dispose(): void } {
  const ignore = () => undefined;
  if (process.platform === 'win32') return { dispose: ignore };
  process.on('SIGXFSZ', ignore);
  return { dispose: () => void process.off('SIGXFSZ', ignore) };
}

/** Most commands print text: they need not load what patches `node:fs` and `node:child_process`. */
function loadRedirect(): typeof import('./redirect-descriptor') {
  return require('./redirect-descriptor') as typeof import('./redirect-descriptor');
}

function deliveryOf(stdout: StreamWriter): Delivery {
  if (stdout.failure !== undefined) {
    const { code, message } = stdout.failure;
    return { kind: 'lost', code, message };
  }
  if (!stdout.owesResult) return { kind: 'delivered' };
  return { kind: 'lost', code: undefined, message: 'the reader does not read' };
}

interface Patched {
  readonly writer: StreamWriter;
  release(): void;
}

type WriteArguments = readonly [chunk?: unknown, encoding?: unknown, callback?: unknown];

/** Replaces the ways into a stream; `target` says where the text goes. */
function patch(stream: NodeJS.WriteStream, target: () => StreamWriter): Patched {
  const { write, end } = stream;
  const writer = new StreamWriter(stream, (bytes, done) =>
    (write as RawWrite).call(stream, bytes, done),
  );
  const accept = (args: WriteArguments, importance: Importance): void => {
    const [chunk, encoding] = args;
    const callback = args.find((arg): arg is () => void => typeof arg === 'function');
    const bytes = bytesOf(chunk, encoding);
    if (bytes !== undefined) target().write(bytes, importance);
    // Whether it could be written is not the concern of the code that printed it: a run must not wait for a reader.
    if (callback !== undefined) process.nextTick(callback);
  };
  const ownWrite = (...args: WriteArguments): boolean => {
    accept(args, 'droppable');
    return true;
  };
  const ownEnd = (...args: WriteArguments): NodeJS.WriteStream => {
    accept(args, 'droppable');
    return stream;
  };
  stream.write = ownWrite;
  stream.end = ownEnd;
  return {
    writer,
    release() {
      // If something else has replaced them since, it still calls these.
      if (stream.write === ownWrite) stream.write = write;
      if (stream.end === ownEnd) stream.end = end;
      writer.release();
    },
  };
}

function bytesOf(chunk: unknown, encoding: unknown): Uint8Array | undefined {
  if (typeof chunk === 'string') {
    const name = typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8';
    return Buffer.from(chunk, name);
  }
  // The caller may use its buffer again before the reader has taken the bytes.
  return ArrayBuffer.isView(chunk)
    ? Buffer.from(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    : undefined;
}
