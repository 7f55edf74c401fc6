import type { Problem } from '../errors';
import { damageHint } from './row';

/** All rows of one migration whose attempts do not count up from 1. */
export interface MigrationRows {
  readonly project: string;
  readonly version: string;
  /** In order of attempt. */
  readonly rows: readonly {
    readonly id: string;
    readonly attempt: number;
    readonly action: string;
  }[];
}

/**
 * Attempts count 1, 2, 3, …: a number that is missing is a row that was deleted. A `repair` row settles what was wrong
 * before it, since its writer has looked and said what is true.
 */
export function findGaps(suspects: readonly MigrationRows[], table: string): Problem[] {
  return suspects.flatMap(({ project, version, rows }) => {
    const repaired = rows.findLast((row) => row.action === 'repair')?.attempt;
    const first = repaired ?? 1;
    const seen = rows.filter((row) => row.attempt >= first);
    const latest = seen.at(-1)?.attempt ?? first;
    const attempts = new Set(seen.map((row) => row.attempt));
    const missing: number[] = [];
    for (let attempt = first; attempt <= latest; attempt += 1) {
      if (!attempts.has(attempt)) missing.push(attempt);
    }
    if (missing.length === 0 && attempts.size === seen.length) return [];
    const found = seen.map((row) => `row ${row.id} (attempt ${row.attempt})`).join(', ');
    const wrong =
      missing.length === 0
        ? 'the same attempt stands there more than once'
        : `attempt ${missing.join(', ')} was deleted`;
    return [
      {
        code: 'HISTORY_CORRUPT' as const,
        message: `${project}:${version} in ${table}: ${wrong}; found: ${found}.`,
        hint: damageHint,
        where: `${project}:${version}`,
      },
    ];
  });
}
