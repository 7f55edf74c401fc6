/** The highest attempt that a run can reach. A higher one in the history was written by hand. */
export const HIGHEST_ATTEMPT = 1_000_000_000;

/** The attempt of a migration's next history row, after its latest row. An impossible attempt counts as none. */
export function nextAttempt(latest: { readonly attempt: number } | undefined): number {
  const attempt = latest?.attempt ?? 0;
  return attempt >= 1 && attempt < HIGHEST_ATTEMPT ? attempt + 1 : 1;
}
