import { MigratorError } from '../errors';

/**
 * What several attempts of one migration have saved, together. Objects are merged key by key. Of arrays the earlier
 * elements come first, then the later ones that are not there yet (an element that occurs several times is kept as often as
 * the attempt that has it most often). Equal values stay.
 *
 * @param earlier a JSON value
 * @param later a JSON value
 * @throws {MigratorError} `ROLLBACK_DATA_CONFLICT` naming the first path where two different values cannot both be kept
 */
export function mergeRollbackData(earlier: unknown, later: unknown): unknown {
  return merge(earlier, later, 'rollbackData');
}

function merge(earlier: unknown, later: unknown, path: string): unknown {
  if (Array.isArray(earlier) && Array.isArray(later)) return mergeArrays(earlier, later);
  if (isObject(earlier) && isObject(later)) {
    const merged: Record<string, unknown> = { ...earlier };
    for (const [key, value] of Object.entries(later)) {
      merged[key] = Object.hasOwn(earlier, key)
        ? merge(earlier[key], value, pathOf(path, key))
        : value;
    }
    return merged;
  }
  if (canonical(earlier) === canonical(later)) return earlier;
  throw new MigratorError(
    'ROLLBACK_DATA_CONFLICT',
    `Rollback data of two attempts cannot both be kept: ${path} was ${brief(earlier)} in an earlier attempt and is ${brief(later)} now.`,
    {
      hint: 'Save what every attempt adds in arrays, or under keys of its own; agent.savedRollbackData has what earlier attempts saved. If the database is as the migration wants it, record it as applied with the repair that is printed below: the earlier data is kept.',
    },
  );
}

function mergeArrays(earlier: readonly unknown[], later: readonly unknown[]): unknown[] {
  const left = new Map<string, number>();
  for (const element of earlier) {
    const key = canonical(element);
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  const added = later.filter((element) => {
    const key = canonical(element);
    const count = left.get(key) ?? 0;
    left.set(key, count - 1);
    return count <= 0;
  });
  return [...earlier, ...added];
}

/** Text that is equal for equal JSON values, whatever the order of their keys: jsonb does not keep it. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${entries.join(',')}}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pathOf(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

/** The kind of a value: rollback data may be personal, and an error reaches logs. */
function brief(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'boolean' || typeof value === 'number'
    ? String(value)
    : `another ${typeof value}`;
}
