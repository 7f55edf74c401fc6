import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';

/** The state of some files and folders at one moment. */
export interface Snapshot {
  /** Changes when one of them does. */
  readonly fingerprint: string;
  /** The latest change of any content, in ms as `Date.now()` counts them; 0 when none exists. */
  readonly newest: number;
}

/** Size and both times of each path: an edit, a rename, a restored time, a new or a deleted file all show. */
export function takeSnapshot(paths: readonly string[]): Snapshot {
  const states = new Float64Array(paths.length * 3);
  let newest = 0;
  let at = 0;
  for (const path of paths) {
    const stats = statSync(path, { throwIfNoEntry: false });
    states[at++] = stats?.size ?? -1;
    states[at++] = stats?.mtimeMs ?? -1;
    states[at++] = stats?.ctimeMs ?? -1;
    if (stats !== undefined) newest = Math.max(newest, stats.mtimeMs);
  }
  const hash = createHash('sha1').update(new Uint8Array(states.buffer));
  return { fingerprint: hash.digest('base64'), newest };
}
