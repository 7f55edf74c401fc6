import type { Problem } from '../errors';
import { checkName, toSnakeCase } from '../migration/name';
import { parseVersion } from '../migration/version';

/** What a file's name says. */
export type FileName =
  | { readonly kind: 'migration'; readonly version: string; readonly name: string }
  /** Cannot be meant as a migration: a helper, a README, a type declaration, a test. */
  | { readonly kind: 'other' }
  /** SQL with a version in its name: fine beside a migration that reads it, suspicious alone. */
  | { readonly kind: 'sql'; readonly version: string }
  /** Meant as a migration, but not named like one. */
  | { readonly kind: 'malformed'; readonly problem: Problem };

/** How a migration's file is named, for messages. */
const PATTERN = '<YYYYMMDDhhmmss>_<name>.ts';

const codeExtension = /\.([mc]?[tj]s)$/;
const looksLikeCode = /\.([mc]?[tj]s|[tj]sx)$/i;
const neverMigration = /\.d\.[mc]?ts$|\.(spec|test|bench|stories)\.[mc]?[tj]sx?$/i;
/** The original agent's form of a version: `2025-09-17T10-22-00`. */
const dashed = /^(\d{4})-(\d{2})-(\d{2})T(\d{2})-(\d{2})-(\d{2})(?=_|$)/;

/**
 * Reads a file's name. A migration is `<14-digit UTC version>_<name>.ts` (also `.mts .cts .js .mjs .cjs`), or the original
 * agent's `2025-09-17T10-22-00_<name>.js`. A code file that starts with a digit is meant as a migration;
 * everything else is none of ours.
 */
export function parseFileName(fileName: string): FileName {
  if (!/^\d/.test(fileName) || neverMigration.test(fileName)) return { kind: 'other' };
  const stem = fileName.replace(dashed, '$1$2$3$4$5$6');
  const version = parseVersion(stem.slice(0, 14));
  if (/\.sql$/i.test(fileName) && version !== undefined) return { kind: 'sql', version };
  if (!looksLikeCode.test(fileName)) return { kind: 'other' };
  if (!codeExtension.test(fileName)) return wrongExtension(fileName);

  const base = stem.replace(codeExtension, '');
  const [digits = '', name] = splitAtFirst(base, '_');
  if (!/^\d{14}(?!\d)/.test(base)) return wrongVersion(fileName, digits, name);
  if (version === undefined) {
    return malformed(
      'INVALID_VERSION',
      `${show(fileName)} starts with ${base.slice(0, 14)}, which is not a date and time.`,
      `Write the version as YYYYMMDDhhmmss in UTC: ${PATTERN}.`,
    );
  }
  if (digits.length !== 14 || name === undefined || name === '') {
    return malformed(
      'INVALID_NAME',
      `${show(fileName)} has no name behind its version.`,
      `Name it like ${PATTERN}, with an underscore between the two.`,
    );
  }
  const problem = checkName(name);
  if (problem === undefined) return { kind: 'migration', version, name };
  return {
    kind: 'malformed',
    problem: { ...problem, message: `${show(fileName)}: ${problem.message}` },
  };
}

function wrongExtension(fileName: string): FileName {
  return malformed(
    'INVALID_NAME',
    `${show(fileName)} does not have the extension of a migration.`,
    'Migrations end in .ts, .mts, .cts, .js, .mjs or .cjs, in lower case.',
  );
}

function wrongVersion(fileName: string, digits: string, name: string | undefined): FileName {
  const stem = toSnakeCase((name ?? digits).replace(/^[\d\W]+/, '')) || 'name';
  return malformed(
    'INVALID_VERSION',
    `${show(fileName)} does not start with a version of 14 digits.`,
    `Name it like ${PATTERN}, for example 20250917102200_${stem}.ts. ` +
      'A file that is no migration must not start with a digit.',
  );
}

function malformed(code: Problem['code'], message: string, hint: string): FileName {
  return { kind: 'malformed', problem: { code, message, hint } };
}

/** A file's name fit to be printed: control characters escaped, not endless. */
function show(fileName: string): string {
  const escaped = JSON.stringify(fileName).slice(1, -1);
  return escaped.length > 120 ? `${escaped.slice(0, 120)}…` : escaped;
}

function splitAtFirst(text: string, separator: string): [string, string | undefined] {
  const index = text.indexOf(separator);
  return index === -1 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}
