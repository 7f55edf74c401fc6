import {
  execFile,
  spawn,
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type StdioOptions,
} from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = join(__dirname, '..', '..');

/** The command's file. */
export const FF = join(PACKAGE, 'bin', 'ff.js');

/** How a finished process ended. */
export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that goes on. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly finished: Promise<Finished>;
}

/** Where and how `ff` is started. */
export interface StartOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs `ff` as a process of its own and waits for its end. */
export function ff(options: StartOptions, ...args: string[]): Promise<Finished> {
  return startFf(options, ...args).finished;
}

/** Starts `ff` as a process of its own. */
export function startFf({ cwd, env }: StartOptions, ...args: string[]): Running {
  if (!existsSync(join(PACKAGE, 'dist', 'main.js'))) throw new Error('Run `npm run build` first.');
  const child = spawn(process.execPath, [FF, ...args], {
    cwd,
    env: cleanEnv(env),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  return { child, finished };
}

/** Starts `ff` with streams of the test's choice, which nobody reads for it. */
export function startFfWith(
  { cwd, env, stdio }: StartOptions & { readonly stdio: StdioOptions },
  ...args: string[]
): { readonly child: ChildProcess; readonly exitCode: Promise<number | null> } {
  const child = spawn(process.execPath, [FF, ...args], { cwd, env: cleanEnv(env), stdio });
  const exitCode = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  return { child, exitCode };
}

/**
 * Runs a line of bash in which `$FF` is the command, e.g. `$FF db status | true`.
 *
 * @returns the exit code of the first command of a pipe that failed
 */
export function bash(cwd: string, line: string): Promise<unknown> {
  const command = `set -o pipefail; FF='${process.execPath} ${FF}'; ${line}`;
  return new Promise((resolve) => {
    execFile('bash', ['-c', command], { cwd, env: cleanEnv() }, (error) => {
      resolve(error === null ? 0 : error.code);
    });
  });
}

/** What the machine that runs the tests has set must not decide how they end. */
function cleanEnv(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, SystemRoot } = process.env;
  return { PATH, HOME, TMPDIR, SystemRoot, ...env };
}
