/** A stream that text is written to; `process.stdout` is one. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Where results go: {@link OutputStream} or less. */
export interface ResultStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** All that a command knows of the process it runs in, so that a test can be one too. */
export interface Surroundings {
  /** Absolute. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Results: text for a person, or one JSON document. */
  readonly stdout: ResultStream;
  /** Logs, progress and error messages. */
  readonly stderr: OutputStream;
  /** Aborted when the command shall stop. */
  readonly signal: AbortSignal;
}

/** The options that every command has. */
export interface CommonOptions {
  /** Environment; else `NODE_ENV`, else `development`. */
  readonly env?: string;
  readonly project?: string;
  readonly json?: true;
  readonly verbose?: true;
}

/**
 * Whether a command line asks for one JSON document, also if it is wrong in another way. A word after `--` is an argument;
 * `--json=true` is a mistake of a program that reads JSON.
 */
export function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end === -1 ? args : args.slice(0, end);
  return options.some((option) => option === '--json' || option.startsWith('--json='));
}

/** `CI=true` and whatever else CI systems set it to; `CI=false` and `CI=0` mean a person's machine. */
export function inCi(env: NodeJS.ProcessEnv): boolean {
  const value = env['CI'];
  return value !== undefined && value !== '' && value !== 'false' && value !== '0';
}

/** Whether colours are wanted on a stream: `FORCE_COLOR` and `NO_COLOR` decide, else a terminal that can. */
export function wantsColor(stream: Pick<ResultStream, 'isTTY'>, env: NodeJS.ProcessEnv): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}
