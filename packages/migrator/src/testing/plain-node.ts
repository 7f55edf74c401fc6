import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** The engine as it is built and shipped. */
const ENGINE = join(__dirname, '..', '..', 'dist', 'index.js');

/** A process that runs a script on the built engine, without anything of the test runner. */
export interface PlainNode {
  readonly pid: number;
  /** Resolves when the script has printed the text, and rejects when it ends without having done so. */
  said(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves at its end. */
  readonly ended: Promise<{ exitCode: number | null; output: string }>;
}

/**
 * Starts Node on a script, in which `MigrationAgent` is defined. `npm run build` comes first.
 *
 * @param script body of an async function; what it throws is printed, and ends the process with 1
 */
export function plainNode(script: string): PlainNode {
  const program = `
    const { MigrationAgent } = require(${JSON.stringify(ENGINE)});
    (async () => { ${script} })().catch((error) => {
      console.log(error.code ?? error);
      process.exitCode = 1;
    });`;
  const child = spawn(process.execPath, ['-e', program], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let output = '';
  const ended = new Promise<{ exitCode: number | null; output: string }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return {
    pid: child.pid ?? 0,
    ended,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = () => output.includes(text) && resolve();
        child.stdout.on('data', look);
        look();
        void ended.then(() => reject(new Error(`It ended without “${text}”: ${output}`)));
      }),
    kill: (signal) => child.kill(signal),
  };
}

/** A script that migrates a project and prints the result's status, or the error's code. */
export function migrateScript(projectRoot: string): string {
  return `
    const [agent] = await MigrationAgent.load({ projectRoot: ${JSON.stringify(projectRoot)}, environment: 'development' });
    const result = await agent.migrate();
    console.log(result.status, result.failed?.error.stack ?? '');
    if (result.failed) process.exitCode = 1;`;
}
