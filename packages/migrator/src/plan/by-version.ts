import type { MigrationId } from '../migration/types';

/** What has a place in the order of versions. */
export interface Versioned {
  readonly id: MigrationId;
  readonly version: string;
}

/**
 * Compares by version and, for equal versions, by identity: a total order that is the same on every machine, whatever
 * its locale. For `Array.prototype.sort`.
 */
export function byVersion(left: Versioned, right: Versioned): number {
  return compareText(left.version, right.version) || compareText(left.id, right.id);
}

/** Compares by UTF-16 code units: for 14-digit versions that is the order of time. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
