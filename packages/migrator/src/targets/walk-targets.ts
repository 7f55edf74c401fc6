import { setTimeout as sleep } from 'node:timers/promises';

/** Works on one target after the other, and may keep something open between them, such as a session. */
export interface TargetWorker<T, R> {
  work(target: T): Promise<R>;
  /** Called once, when the worker takes no further target. */
  close(): Promise<void>;
}

/** How to go through many targets. */
export interface WalkOptions<T, R> {
  readonly targets: readonly T[];
  /** How many workers there are at most. */
  readonly concurrency: number;
  readonly openWorker: () => TargetWorker<T, R>;
  /** Whether a result only says that the server accepts no further connection. */
  readonly isOverLimit: (result: R) => boolean;
  /** Asked before each target is begun. Targets in work are always finished. */
  readonly mayBegin: () => boolean;
  /** Told of each result, once per target. */
  readonly onResult: (target: T, result: R) => void;
  /** Told each time a worker gave its place up, with how many are left. */
  readonly onLowered: (concurrency: number) => void;
  readonly signal: AbortSignal;
}

/** How often the last worker tries again to connect, and milliseconds of the first pause, doubled each time. */
const LAST_TRIES = 5;
const FIRST_PAUSE = 100;

/**
 * Works on all targets in order, several at once. A worker that gets no connection gives its target back and ends, so that the
 * others continue with the connections that the server accepts. Only a target that is refused although no other is in work has
 * that as its result, after a few tries.
 *
 * Rejects only if a worker does.
 */
export async function walkTargets<T, R>(options: WalkOptions<T, R>): Promise<void> {
  const { targets, concurrency, mayBegin, openWorker } = options;
  const queue = [...targets];
  let workers = Math.min(concurrency, queue.length);

  const run = async () => {
    const worker = openWorker();
    try {
      while (mayBegin()) {
        const target = queue.shift();
        if (target === undefined) return;
        let result = await worker.work(target);
        if (options.isOverLimit(result)) {
          if (workers > 1) {
            queue.unshift(target);
            options.onLowered(workers - 1);
            return;
          }
          result = await tryAgain(worker, target, result, options);
        }
        options.onResult(target, result);
      }
    } finally {
      workers -= 1;
      await worker.close();
    }
  };
  await Promise.all(Array.from({ length: workers }, run));
}

/** Connections that were just closed, here or elsewhere, may not be free yet. */
async function tryAgain<T, R>(
  worker: TargetWorker<T, R>,
  target: T,
  first: R,
  { isOverLimit, signal }: WalkOptions<T, R>,
): Promise<R> {
  let result = first;
  for (let tries = 0; tries < LAST_TRIES && isOverLimit(result) && !signal.aborted; tries += 1) {
    await sleep(FIRST_PAUSE * 2 ** tries, undefined, { signal }).catch(() => undefined);
    result = await worker.work(target);
  }
  return result;
}
