#!/usr/bin/env node
import { EXIT, exitCodeOfSignal, type ExitCode } from './exit-code';
import { runProgram } from './program';
import { listenForCancellation } from './signals';

// Kept before any migration runs: the engine watches for migrations that call `process.exit`.
const exit = process.exit.bind(process);

async function main(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  const cancellation = listenForCancellation({
    source: process,
    onQuit: (signal) => exit(exitCodeOfSignal(signal, EXIT.failed)),
    now: () => performance.now(),
  });

  const exitCode = await runProgram(process.argv.slice(2), {
    cwd: process.cwd(),
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: cancellation.signal,
  });
  const { received } = cancellation;
  leave(received === undefined ? exitCode : exitCodeOfSignal(received, exitCode));
}

/** `ff db status | head -1` closes the pipe early. That must neither crash us nor stop a run half way. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** Ends the process once everything is written, also when a migration left a timer or a connection behind. */
function leave(exitCode: ExitCode): void {
  process.exitCode = exitCode;
  process.stdout.write('', () => process.stderr.write('', () => exit(exitCode)));
}

void main();
