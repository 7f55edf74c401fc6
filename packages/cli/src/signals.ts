import type { CancelSignal } from './exit-code';

/** The part of `process` that tells of signals. */
export interface SignalSource {
  on(signal: CancelSignal, listener: () => void): unknown;
  off(signal: CancelSignal, listener: () => void): unknown;
}

export interface CancellationOptions {
  readonly source: SignalSource;
  /** A second signal arrived: whoever sent it will not wait for the first to take effect. */
  readonly onQuit: (signal: CancelSignal) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Listens for SIGINT, SIGTERM and SIGHUP until it is disposed of. */
export interface Cancellation {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** The first signal that arrived. */
  readonly received: CancelSignal | undefined;
  dispose(): void;
}

/**
 * How soon a second signal is taken for an echo of the first. Ctrl-C goes to every process of the terminal's group, and npm
 * and Nx also pass it on to their children: one key press arrives twice.
 */
const ECHO_MS = 250;

const SIGNALS: readonly CancelSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Turns signals into an `AbortSignal`: the first cancels, a later one quits. */
export function listenForCancellation(options: CancellationOptions): Cancellation {
  const controller = new AbortController();
  let received: CancelSignal | undefined;
  let receivedAt = 0;

  const listeners = SIGNALS.map((signal) => ({
    signal,
    listener: (): void => {
      if (received === undefined) {
        received = signal;
        receivedAt = options.now();
        controller.abort(new Error(`${signal} received`));
      } else if (options.now() - receivedAt >= ECHO_MS) {
        options.onQuit(signal);
      }
    },
  }));
  for (const { signal, listener } of listeners) options.source.on(signal, listener);

  return {
    signal: controller.signal,
    get received() {
      return received;
    },
    dispose: () => {
      for (const { signal, listener } of listeners) options.source.off(signal, listener);
    },
  };
}
