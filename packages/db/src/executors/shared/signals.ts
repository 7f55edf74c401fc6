type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What listening for signals needs of the process; a test gives its own. */
export interface SignalParts {
  readonly source: {
    on(signal: Signal, listener: () => void): unknown;
    off(signal: Signal, listener: () => void): unknown;
  };
  /** Ends the process at once. */
  readonly quit: (exitCode: number) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** How soon a second signal is taken for an echo: Ctrl-C goes to all processes of a terminal, and Nx passes it on, too. */
const ECHO_MS = 250;

const EXIT_CODES: Readonly<Record<Signal, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
};

// Kept before any migration runs: the engine watches for migrations that end the process.
// eslint-disable-next-line no-restricted-properties -- the second Ctrl-C has nobody else to end the process
const exit = process.exit.bind(process);

/**
 * Ctrl+C and a stopped CI job cancel the running statement and roll back, instead of leaving it to the server. Whoever sends
 * a second signal does not want to wait for that: it ends the process.
 */
export function cancelOnSignals(
  { source, quit, now }: SignalParts = {
    source: process,
    quit: exit,
    now: () => performance.now(),
  },
): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  let abortedAt: number | undefined;
  const listeners = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => ({
    signal,
    listener: (): void => {
      if (abortedAt === undefined) {
        abortedAt = now();
        controller.abort();
      } else if (now() - abortedAt >= ECHO_MS) quit(EXIT_CODES[signal]);
    },
  }));
  for (const { signal, listener } of listeners) source.on(signal, listener);
  return {
    signal: controller.signal,
    dispose() {
      for (const { signal, listener } of listeners) source.off(signal, listener);
    },
  };
}
