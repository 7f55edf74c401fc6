import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = join(__dirname, '..', '..');

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
  const child = spawn(process.execPath, [join(PACKAGE, 'bin', 'ff.js'), ...args], {
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

/** What the machine that runs the tests has set must not decide how they end. */
function cleanEnv(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, SystemRoot } = process.env;
  return { PATH, HOME, TMPDIR, SystemRoot, ...env };
}
