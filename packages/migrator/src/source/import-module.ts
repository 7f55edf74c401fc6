import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { isNativeError } from 'node:util/types';
import type { Problem } from '../errors';
import { defaultExport } from './default-export';
import { withExitGuard } from './guard-exit';

const requireModule = createRequire(__filename) as (path: string) => unknown;

/** What a module exports by default, or why it could not be loaded. */
export type LoadedModule = { readonly kind: 'loaded'; readonly value: unknown } | FailedModule;

/** Why a module could not be loaded, and what it threw. */
export interface FailedModule {
  readonly kind: 'problems';
  readonly problems: readonly Problem[];
  readonly cause?: unknown;
}

/** One compiled module. */
export interface ImportOptions {
  /** Absolute path of the compiled file. */
  readonly outputPath: string;
  /** Absolute path of the file it was compiled from, for messages. */
  readonly path: string;
  /** How long it may take to load, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Runs a compiled module. Whatever it does instead of loading — throw anything, await for ever, end the process — becomes
 * a `LOAD_FAILED` problem. An endless synchronous loop cannot be ended from here.
 */
export async function importModule(options: ImportOptions): Promise<LoadedModule> {
  const { outputPath, timeoutMs } = options;
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<'late'>((done) => {
    timer = setTimeout(done, timeoutMs, 'late');
  });
  try {
    const loading = withExitGuard(() => runModule(outputPath));
    const namespace: unknown = await Promise.race([loading, deadline]);
    if (namespace === 'late') {
      return failed(
        options,
        `did not finish loading within ${timeoutMs} ms`,
        'Do the work in `up`: a top-level await must settle.',
      );
    }
    return { kind: 'loaded', value: defaultExport(namespace) };
  } catch (error) {
    return { ...explainThrown(options, error), cause: error };
  } finally {
    clearTimeout(timer);
  }
}

/** `require` where it will do: for 200 migrations it takes 20 ms where `import()` takes 180. */
function runModule(outputPath: string): unknown {
  if (outputPath.endsWith('.cjs')) return { default: requireModule(outputPath) };
  return import(pathToFileURL(outputPath).href);
}

function explainThrown(options: ImportOptions, error: unknown): FailedModule {
  if (!isNativeError(error)) {
    return failed(
      options,
      `threw ${inspect(error)} while loading`,
      'Throw an Error, and not here.',
    );
  }
  const { code } = error as { code?: unknown };
  if (code === 'PROCESS_EXIT') {
    const call = error.message.replace(/ was called\.$/, '');
    return failed(options, `called ${call} while loading`, 'A module must not end the process.');
  }
  const commonJs = /^(module|exports|require) is not defined/.test(error.message);
  return failed(
    options,
    `failed while loading: ${error.name}: ${error.message}`,
    commonJs
      ? 'This is CommonJS in an ES module: rename it to .cts or .cjs, or write `import` and `export default`.'
      : 'Correct the file.',
    placeIn(error.stack ?? '', options.path),
  );
}

/** `path:line:column` of the frame that is in the file itself; the path alone where there is none. */
function placeIn(stack: string, path: string): string {
  const start = stack.indexOf(`${path}:`);
  const place = /^:\d+:\d+/.exec(stack.slice(start + path.length))?.[0];
  return start === -1 || place === undefined ? path : path + place;
}

function failed(
  options: ImportOptions,
  what: string,
  hint: string,
  where = options.path,
): FailedModule {
  const problem: Problem = {
    code: 'LOAD_FAILED',
    message: `${options.path} ${what}${/[.!?]$/.test(what) ? '' : '.'}`,
    hint,
    where,
  };
  return { kind: 'problems', problems: [problem] };
}
