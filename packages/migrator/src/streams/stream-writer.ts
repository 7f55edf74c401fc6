/** A standard stream as Node creates it. */
export interface StandardStream {
  readonly isTTY?: boolean;
  /** Bytes that the stream has accepted and not written yet. */
  readonly writableLength?: number;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  off(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** Writes bytes to the stream itself. `done` is called with the error of a write that failed. */
export type RawWrite = (bytes: Uint8Array, done: (error?: Error | null) => void) => unknown;

/** `kept` is never dropped; `droppable` is dropped, oldest first, if the reader is too slow. */
export type Importance = 'kept' | 'droppable';

interface Entry {
  readonly bytes: Uint8Array;
  readonly importance: Importance;
  /** How many bytes were handed to the stream. */
  written: number;
}

interface Outstanding {
  readonly entry: Entry;
  /** Where in the entry the write ends. */
  readonly end: number;
}

/** Bytes that wait for a slow reader before older output is dropped. */
const LIMIT = 16 * 1024 * 1024;

/**
 * Bytes per write to a pipe, a socket or a terminal. A pipe that is ready for writing takes this much without blocking
 * (PIPE_BUF), also if a child process has made it a blocking one in the meantime.
 */
const CHUNK = 4096;

/**
 * Errors of a reader that is gone: a closed pipe, a terminal that was closed, a stream that Node has ended. A full disk may have
 * room again.
 */
const GONE: ReadonlySet<string> = new Set([
  'EPIPE',
  'EIO',
  'EBADF',
  'ECONNRESET',
  'ERR_STREAM_DESTROYED',
]);

/**
 * The queue in front of a standard stream. No write throws, blocks the event loop or ends the process: a write that fails is
 * remembered, and a reader that does not read only fills the queue.
 */
export class StreamWriter {
  private readonly queue: Entry[] = [];
  private queuedBytes = 0;
  private droppedBytes = 0;
  /** The write that the stream has not answered yet. */
  private outstanding: Outstanding | undefined;
  private watchers: (() => void)[] = [];
  private lost: NodeJS.ErrnoException | undefined;
  private lastError: NodeJS.ErrnoException | undefined;
  /** Why nothing can be written any more. */
  private gone: NodeJS.ErrnoException | undefined;
  private draining = false;

  constructor(
    private readonly stream: StandardStream,
    private readonly raw: RawWrite,
    private readonly limit: number = LIMIT,
  ) {
    stream.on('error', this.onError);
  }

  /** The error of the first `kept` write that failed. */
  get failure(): NodeJS.ErrnoException | undefined {
    return this.lost;
  }

  /** Whether the stream has answered everything. */
  get settled(): boolean {
    return this.outstanding === undefined && this.queue.length === 0;
  }

  /** Whether a `kept` write is not answered yet. */
  get owesResult(): boolean {
    return this.queue.some(({ importance }) => importance === 'kept');
  }

  write(bytes: Uint8Array, importance: Importance): void {
    if (bytes.length === 0) return;
    if (this.gone !== undefined) {
      if (importance === 'kept') this.lost ??= this.gone;
      return;
    }
    this.queue.push({ bytes, importance, written: 0 });
    this.queuedBytes += bytes.length;
    if (this.queuedBytes > this.limit) this.dropOldest();
    this.pump();
  }

  /**
   * Waits until the stream has answered everything.
   *
   * @param patienceMs how long the reader may take nothing at all; `Infinity` waits for as long as it takes
   * @param signal ends the wait
   * @returns whether everything was answered
   */
  async settle(patienceMs: number, signal: AbortSignal): Promise<boolean> {
    while (!this.settled && !signal.aborted) {
      if (!(await this.moves(patienceMs, signal))) break;
    }
    return this.settled;
  }

  /** The process ends now: what is not handed to the stream at once is lost. */
  drain(): void {
    this.draining = true;
    if (this.outstanding !== undefined) this.answered(this.outstanding);
    while (this.queue.length > 0) this.pump();
  }

  /** Stops listening. Keeps the listener if a write may still fail: an error without a listener ends the process. */
  release(): void {
    if (this.settled) this.stream.off('error', this.onError);
  }

  private moves(patienceMs: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (moved: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        this.watchers = this.watchers.filter((watcher) => watcher !== go);
        resolve(moved);
      };
      const go = () => end(true);
      const stop = () => end(false);
      const timer = Number.isFinite(patienceMs) ? setTimeout(stop, patienceMs) : undefined;
      signal.addEventListener('abort', stop, { once: true });
      this.watchers.push(go);
    });
  }

  private pump(): void {
    const [entry] = this.queue;
    if (entry === undefined || this.outstanding !== undefined) return;
    const handle = handleOf(this.stream);
    const size = handle === undefined ? entry.bytes.length : CHUNK;
    const write = { entry, end: endOfChunk(entry.bytes, entry.written, size) };
    this.outstanding = write;
    const done = (error?: NodeJS.ErrnoException | null) => this.answered(write, error ?? undefined);
    try {
      // A child process that inherits the descriptor makes it a blocking one again, for this process, too.
      if (process.platform !== 'win32') handle?.setBlocking?.(false);
      this.raw(entry.bytes.subarray(entry.written, write.end), done);
    } catch (error) {
      process.nextTick(done, error);
    }
    if (this.draining) done();
    // A replaced `write` may not call back. If the stream holds nothing back and no error follows, the bytes were written.
    else if (!this.stream.writableLength) setImmediate(done);
  }

  private answered(write: Outstanding, error?: NodeJS.ErrnoException): void {
    if (this.outstanding !== write) return;
    this.outstanding = undefined;
    const { entry } = write;
    const end = error === undefined ? write.end : entry.bytes.length;
    this.queuedBytes -= end - entry.written;
    entry.written = end;
    if (end === entry.bytes.length) this.queue.shift();
    if (error !== undefined) {
      this.lastError = error;
      if (entry.importance === 'kept') this.lost ??= error;
      if (GONE.has(error.code ?? '')) this.giveUp(error);
    }
    if (this.queue.length === 0 && this.droppedBytes > 0) this.noteDropped();
    if (!this.draining) this.pump();
    for (const watcher of this.watchers) watcher();
  }

  /** Most errors were passed to the callback of the write before. */
  private readonly onError = (error: NodeJS.ErrnoException): void => {
    if (this.outstanding !== undefined && error !== this.lastError) {
      this.answered(this.outstanding, error);
    }
  };

  /** The reader will not come back: nothing is queued for it, and code that prints without end costs nothing. */
  private giveUp(error: NodeJS.ErrnoException): void {
    this.gone = error;
    if (this.owesResult) this.lost ??= error;
    this.queue.length = 0;
    this.queuedBytes = 0;
    this.droppedBytes = 0;
  }

  /** Halves the queue, so that a writer that never stops does not search it each time. */
  private dropOldest(): void {
    const [current, ...others] = this.queue;
    const rest = others.filter(({ bytes, importance }) => {
      const drop = importance === 'droppable' && this.queuedBytes > this.limit / 2;
      if (drop) {
        this.queuedBytes -= bytes.length;
        this.droppedBytes += bytes.length;
      }
      return !drop;
    });
    this.queue.splice(0, Infinity, ...(current === undefined ? [] : [current]), ...rest);
  }

  private noteDropped(): void {
    const note = `(${this.droppedBytes} bytes of earlier output were dropped: the reader of this stream was too slow.)\n`;
    this.droppedBytes = 0;
    this.write(Buffer.from(note), 'droppable');
  }
}

/** The end of a chunk that does not cut a UTF-8 character, which Nx would decode by itself. */
function endOfChunk(bytes: Uint8Array, start: number, size: number): number {
  const end = start + size;
  if (end >= bytes.length) return bytes.length;
  let cut = end;
  while (cut > end - 4 && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut -= 1;
  return cut > end - 4 ? cut : end;
}

interface Handle {
  setBlocking?(blocking: boolean): unknown;
}

/** What is under a pipe, a socket or a terminal; a file has none and is written synchronously. */
function handleOf(stream: StandardStream): Handle | undefined {
  return (stream as { readonly _handle?: Handle | null })._handle ?? undefined;
}
