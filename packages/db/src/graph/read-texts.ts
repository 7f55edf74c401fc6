import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { warn } from './warn';

/** A migration file that may say something about other files. */
export interface MigrationText {
  /** Absolute. */
  readonly path: string;
  readonly source: string;
}

/**
 * What must be in a file before it can depend on another project (`users:20250910090000`) or import anything but our own
 * package. Most migrations have neither: they are looked at as bytes, ten thousand of them in a tenth of a second.
 */
const MAY_REQUIRE = /:\d{14}['"`]/;
const MAY_IMPORT =
  /(?:\bfrom|\bimport|\brequire)\s*(?:\(\s*)?(?:\/[/*][^\n]*\s*)?['"`](?!@flashfusion\/migrator['"`]|node:)/;
const INTERESTING = new RegExp(`${MAY_REQUIRE.source}|${MAY_IMPORT.source}`);

/** Whether a migration may depend on another project. */
export function mayRequire({ source }: MigrationText): boolean {
  return MAY_REQUIRE.test(source);
}

/** Whether a migration may import a file. */
export function mayImport({ source }: MigrationText): boolean {
  return MAY_IMPORT.test(source);
}

/** Larger files are read in one piece. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Reads those migrations of a folder that may depend on other projects or import files. Never throws. */
export function readMigrationTexts(folder: string, names: readonly string[]): MigrationText[] {
  return names.flatMap((name) => {
    const path = join(folder, name);
    try {
      const source = readInteresting(path);
      return source === undefined ? [] : [{ path, source }];
    } catch (error) {
      warn(path, error);
      return [];
    }
  });
}

function readInteresting(path: string): string | undefined {
  const file = openSync(path, 'r');
  let length: number;
  try {
    length = readSync(file, buffer, 0, buffer.length, 0);
  } finally {
    closeSync(file);
  }
  if (length < buffer.length) {
    // What is looked for is ASCII, and in UTF-8 no other character contains ASCII bytes.
    if (!INTERESTING.test(buffer.toString('latin1', 0, length))) return undefined;
    return buffer.toString('utf8', 0, length);
  }
  const source = readFileSync(path, 'utf8');
  return INTERESTING.test(source) ? source : undefined;
}
