import { spawn } from 'node:child_process';

/** What a command that has ended left behind. */
export interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  /** Both streams, in the order of arrival, without colours. */
  readonly output: string;
}

/** Variables of this test run that a user's machine does not have. */
const NOT_A_USERS = /^(JEST_|FLASHFUSION_|NODE_ENV$|NODE_OPTIONS$|CI$|GITHUB_|NX_|npm_|INIT_CWD$)/;

/**
 * Runs a program in a folder as a user would, and waits for its end.
 *
 * @param env variables on top of those of a user's machine
 */
export function run(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<Finished> {
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_A_USERS.test(name));
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: {
        ...Object.fromEntries(inherited),
        NX_DAEMON: 'false',
        NX_TUI: 'false',
        NX_NO_CLOUD: 'true',
        NO_COLOR: '1',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ exitCode: code ?? -1, stdout, output: withoutColours(output) }),
    );
  });
}

/** As {@link run}, and throws with all that was said when the command fails. */
export async function mustRun(...args: Parameters<typeof run>): Promise<Finished> {
  const finished = await run(...args);
  if (finished.exitCode === 0) return finished;
  const [program, words] = args;
  throw new Error(`${program} ${words.join(' ')} exited ${finished.exitCode}:\n${finished.output}`);
}

function withoutColours(text: string): string {
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}
