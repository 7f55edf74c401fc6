import { isNativeError } from 'node:util/types';

/** Where a function was called from; its `stack` is put into words only when somebody reads it. */
export interface CallSite {
  readonly stack?: string;
}

/** The place that calls `callee`, to be taken before anything is awaited: an answer of the server knows nothing of it. */
export function calledFrom(callee: (...args: never[]) => unknown): CallSite {
  const site: CallSite = {};
  Error.captureStackTrace(site, callee);
  return site;
}

/**
 * A handler of rejections that passes them on with the caller's place: the stack of a server's error ends in the driver,
 * and does not say which line of the migration sent the statement.
 */
export function pointingAt(site: CallSite): (error: unknown) => never {
  return (error) => {
    if (isNativeError(error)) {
      const frames = framesOf(site.stack);
      // A frozen error keeps the stack that it has.
      if (frames !== '') Reflect.set(error, 'stack', `${headOf(error)}\n${frames}`);
    }
    throw error;
  };
}

function headOf(error: Error): string {
  return `${error.name}: ${error.message}`;
}

function framesOf(stack = ''): string {
  const start = stack.search(/^\s+at /m);
  return start === -1 ? '' : stack.slice(start);
}
