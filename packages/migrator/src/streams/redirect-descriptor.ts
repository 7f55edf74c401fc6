import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const STDOUT = 1;
const STDERR = 2;

/** The names of standard output as a file. */
const STDOUT_PATH = /^\/(?:dev\/stdout|(?:dev|proc\/self)\/fd\/1)$/;

/** Functions of `node:fs` whose first argument is a descriptor; the last four open a path as well. */
const FS = [
  'write',
  'writeSync',
  'writev',
  'writevSync',
  'appendFile',
  'appendFileSync',
  'writeFile',
  'writeFileSync',
] as const;

/** Functions of `node:child_process` that start a process without `ChildProcess.prototype.spawn`. */
const SYNCHRONOUS = ['spawnSync', 'execSync', 'execFileSync'] as const;

type Callable = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Sends to standard error what code in this process writes to the descriptor 1 or to its path, and what child processes that inherit
 * standard output print. Node cannot replace the descriptor itself. Native code, a path that is
 * opened with `fs.open`, and functions of `node:fs` that were saved before this call still reach it.
 *
 * @returns a function that undoes it
 */
export function redirectDescriptor(): () => void {
  // Node binds the functions that its own standard streams use when it creates them: this must come first.
  void [process.stdout, process.stderr];
  const undo = [
    ...FS.map((name) => wrap(fs, name, ([target, ...rest]) => [redirectTarget(target), ...rest])),
    wrap(fs, 'createWriteStream', redirectStream),
    ...SYNCHRONOUS.map((name) => wrap(childProcess, name, redirectOptions)),
    wrap(childProcess.ChildProcess.prototype, 'spawn', redirectOptions),
  ];
  syncBuiltinESMExports();
  return () => {
    for (const each of undo) each();
    syncBuiltinESMExports();
  };
}

function wrap(
  owner: object,
  name: string,
  change: (args: readonly unknown[]) => unknown[],
): () => void {
  const functions = owner as Record<string, Callable>;
  const original = functions[name];
  if (original === undefined) return () => undefined;
  const replacement: Callable = function (...args) {
    return original.apply(this, change(args));
  };
  // `fs.write` and others carry `util.promisify.custom`.
  functions[name] = Object.defineProperties(
    replacement,
    Object.getOwnPropertyDescriptors(original),
  );
  return () => {
    if (functions[name] === replacement) functions[name] = original;
  };
}

/** The descriptor and not its path: a file that is opened a second time would be written from its start. */
function redirectTarget(target: unknown): unknown {
  const path = target instanceof URL && target.protocol === 'file:' ? target.pathname : target;
  const stdout = path === STDOUT || (typeof path === 'string' && STDOUT_PATH.test(path));
  return stdout ? STDERR : target;
}

function redirectStream([path, options, ...rest]: readonly unknown[]): unknown[] {
  const given = typeof options === 'string' ? { encoding: options } : options;
  const fd = isObject(given) ? given['fd'] : undefined;
  const stdout = fd === STDOUT || (fd === undefined && redirectTarget(path) === STDERR);
  if (!stdout) return [path, options, ...rest];
  return [path, { ...(given as object | undefined), fd: STDERR, autoClose: false }, ...rest];
}

/** Replaces the `stdio` of the options, which are the last object among the arguments. */
function redirectOptions(args: readonly unknown[]): unknown[] {
  return args.map((arg) =>
    isObject(arg) && 'stdio' in arg ? { ...arg, stdio: redirectStdio(arg['stdio']) } : arg,
  );
}

function redirectStdio(stdio: unknown): unknown {
  if (stdio === 'inherit') return ['inherit', STDERR, 'inherit'];
  if (!Array.isArray(stdio)) return stdio;
  return stdio.map((entry: unknown, index) => {
    const inherited = entry === 'inherit' && index === STDOUT;
    return inherited || entry === STDOUT || isStdout(entry) ? STDERR : entry;
  });
}

function isStdout(entry: unknown): boolean {
  return isObject(entry) && entry['fd'] === STDOUT;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
