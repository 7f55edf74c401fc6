import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { sep } from 'node:path';
import { isUtf8 } from 'node:buffer';
import type { Problem } from '../errors';

/** Largest migration file, in bytes: 10 MiB. Larger data belongs into a file of its own that the migration streams. */
export const MAX_SOURCE_BYTES = 10 * 1024 * 1024;

/** The bytes of a file, or why they cannot be had. */
export type Source =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'unusable'; readonly problem: Problem };

/**
 * Reads a migration file: a regular file (or a link to one) inside `folder`, of at most {@link MAX_SOURCE_BYTES}, in
 * UTF-8 and without NUL bytes.
 *
 * Synchronous on purpose: a thousand small files take 20 ms this way and 45 to 100 ms through the thread pool,
 * and only one of them is in memory at a time.
 *
 * @param path absolute
 * @param folder absolute, with all symbolic links resolved
 */
export function readSource(path: string, folder: string): Source {
  const unusable = (code: Problem['code'], message: string, hint: string): Source => ({
    kind: 'unusable',
    problem: { code, message, hint, where: path },
  });
  let bytes: Buffer;
  try {
    const target = realpathSync.native(path);
    if (!target.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
      return unusable(
        'NOT_A_REGULAR_FILE',
        `${path} is a symbolic link out of the migrations folder, to ${target}.`,
        'Put the file itself into the folder.',
      );
    }
    const stats = statSync(target);
    if (!stats.isFile()) {
      return unusable(
        'NOT_A_REGULAR_FILE',
        `${path} is ${stats.isDirectory() ? 'a folder' : 'not a regular file'}, but named like a migration.`,
        'Rename or remove it.',
      );
    }
    if (stats.size > MAX_SOURCE_BYTES) {
      return unusable(
        'FILE_TOO_LARGE',
        `${path} has ${stats.size} bytes, ${MAX_SOURCE_BYTES} are allowed.`,
        'Put the data into a file of its own, and read it in the migration piece by piece.',
      );
    }
    bytes = readFileSync(target);
  } catch (error) {
    const [message, hint] = explainFailure(error);
    return unusable('NOT_A_REGULAR_FILE', `${path} ${message}.`, hint);
  }
  if (!isUtf8(bytes)) {
    return unusable(
      'NOT_UTF8',
      `${path} is not UTF-8: the bytes at offset ${invalidUtf8Offset(bytes)} are no character.`,
      'Save it as UTF-8.',
    );
  }
  const nul = bytes.indexOf(0);
  if (nul !== -1) {
    return unusable(
      'NUL_BYTE',
      `${path} has a NUL byte at offset ${nul}.`,
      'Remove it; in a string write \\0, though Postgres does not store that character.',
    );
  }
  return { kind: 'bytes', bytes };
}

/** SHA-256 of a source with a BOM dropped and CRLF turned into LF, as 64 hexadecimal digits. Imported helpers are not covered. */
export function checksumOf(bytes: Buffer): string {
  const start = bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
  const hash = createHash('sha256');
  let from = start;
  for (let at = bytes.indexOf('\r\n', from); at !== -1; at = bytes.indexOf('\r\n', from)) {
    hash.update(bytes.subarray(from, at));
    from = at + 1;
  }
  return hash.update(bytes.subarray(from)).digest('hex');
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

function explainFailure(error: unknown): [message: string, hint: string] {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ELOOP':
      return [
        'is a symbolic link that leads back to itself',
        'Put the file itself into the folder.',
      ];
    case 'ENOENT':
      return ['is a symbolic link to nothing', 'Put the file itself into the folder.'];
    case 'EACCES':
    case 'EPERM':
      return ['cannot be read: permission denied', 'Let the user who migrates read it.'];
    default:
      return [`cannot be read: ${code ?? message}`, 'Check the file and the disk it is on.'];
  }
}

/** Where the first invalid sequence starts: at the first replacement character that the file does not itself hold. */
function invalidUtf8Offset(bytes: Buffer): number {
  const text = bytes.toString('utf8');
  let offset = 0;
  let from = 0;
  for (let at = text.indexOf('\ufffd'); at !== -1; at = text.indexOf('\ufffd', at + 1)) {
    offset += Buffer.byteLength(text.slice(from, at));
    from = at;
    if (!bytes.subarray(offset, offset + 3).equals(replacementCharacter)) return offset;
  }
  return offset;
}

const replacementCharacter = Buffer.from('\ufffd');
