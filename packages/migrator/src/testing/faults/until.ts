import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds after which a condition is taken for one that never comes. */
const PATIENCE = 45_000;

/**
 * Asks again and again until there is an answer: how a test waits for something that only the server or another process
 * knows.
 *
 * @param what named in the error when it never happens
 * @param probe gives `undefined` or `false` for "not yet"
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`It never happened: ${what}.`);
    await sleep(20);
  }
}
