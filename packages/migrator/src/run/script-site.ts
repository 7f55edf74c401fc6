import { basename } from 'node:path';
import type { SessionStamp } from './session-state';

/** Frames that a call may have below it: Error.stackTraceLimit is 10 by default, too few for helpers that call helpers. */
const FRAMES = 60;

/**
 * Where a migration's file called `callee`: the lines of that file on the stack, innermost first, joined by `<`. Lines of
 * other files are left out, because the migration's checksum does not cover them. Deterministic while the file is
 * unchanged, and the same on every machine.
 *
 * @param path the migration's file
 * @returns an empty string if no line of the file is on the stack, as in a callback of another module
 */
export function scriptSite(callee: (...args: never[]) => unknown, path: string): string {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  Error.captureStackTrace(holder, callee);
  Error.stackTraceLimit = limit;
  return sitesIn(holder.stack ?? '', basename(path)).join('<');
}

/** Lines and what was set in the session, as one text for the history. Only the lines where nothing was set. */
export function stampSite(lines: string, { searchPath, digest }: SessionStamp): string {
  if (digest === '' && searchPath === '') return lines;
  return `${lines}#${digest}${searchPath === undefined ? '' : `@${searchPath}`}`;
}

/** The parts of a site. */
export interface SiteParts {
  /** As {@link scriptSite} gives them. */
  readonly lines: string;
  /** Value of `search_path` that the migration has set; `undefined` if it is not known. */
  readonly searchPath: string | undefined;
  /** Digest over what was set. */
  readonly digest: string;
}

/** Reads what {@link stampSite} has written. */
export function siteParts(site: string): SiteParts {
  const [, lines = site, digest = '', path] = /^([^#]*)#([^@]*)(?:@([^]*))?$/.exec(site) ?? [];
  return { lines, digest, searchPath: site.includes('#') ? path : '' };
}

/** The innermost line of a site. */
export function innermost(site: string): string {
  return siteParts(site).lines.split('<', 1)[0] ?? '';
}

/** Whether two calls surely act on different objects: the same text means other tables under another search path. */
export function actElsewhere(left: string, right: string): boolean {
  const [one, other] = [siteParts(left).searchPath, siteParts(right).searchPath];
  return one !== undefined && other !== undefined && one !== other;
}

function sitesIn(stack: string, file: string): string[] {
  return stack.split('\n').flatMap((frame) => {
    const [, before = '', line] = /^\s+at (.*?):(\d+):\d+\)?$/.exec(frame) ?? [];
    const own =
      line !== undefined &&
      before.endsWith(file) &&
      /[\\/(\s]$/.test(before.slice(0, -file.length));
    return own ? [line] : [];
  });
}
