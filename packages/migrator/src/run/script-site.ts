import { basename } from 'node:path';

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

/** The innermost line of a site. */
export function innermost(site: string): string {
  return site.split('<', 1)[0] ?? '';
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
