import { runProgram } from '../program';
import type { Finished } from './ff';
import { keptStream } from './streams';

/** Where a command line is run. */
export interface RunOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a command line of `ff` in the process of the test: faster than `ff()`, for commands that load JavaScript only. */
export async function run({ cwd, env = {} }: RunOptions, ...args: string[]): Promise<Finished> {
  const stdout = keptStream();
  const stderr = keptStream();
  const exitCode = await runProgram(args, {
    cwd,
    env,
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal: new AbortController().signal,
  });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}
