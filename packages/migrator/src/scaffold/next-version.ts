import { MigratorError } from '../errors';
import { formatVersion, parseVersion } from '../migration/version';

const SECOND_MS = 1000;

function dateOf(version: string): Date {
  const [date, time] = [version.slice(0, 8), version.slice(8)];
  const pairs = time.match(/../g) ?? [];
  return new Date(`${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${pairs.join(':')}Z`);
}

/**
 * The version of a new migration: now in UTC, or one second after the newest migration of the project when that is later,
 * so that a new migration never has the version of another and never is out of order in its own project.
 *
 * @param now the present
 * @param existing versions of the project, in any order
 * @throws {MigratorError} `INVALID_VERSION` when the newest is at the end of the year 9999
 */
export function nextVersion(now: Date, existing: readonly string[]): string {
  const present = formatVersion(now);
  const newest = existing.reduce((latest, version) => (version > latest ? version : latest), '');
  const version =
    present > newest ? present : formatVersion(new Date(dateOf(newest).getTime() + SECOND_MS));
  if (parseVersion(version) !== undefined) return version;
  throw new MigratorError('INVALID_VERSION', `No version comes after ${newest}.`, {
    hint: 'Rename that migration: its version is a point in time far off.',
  });
}
