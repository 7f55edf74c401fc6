/** What was typed after `nx`, as far as an executor has to know it and Nx does not say. */
export interface NxRequest {
  /** Of `--configuration`, `-c` or `--prod`. */
  readonly configuration?: string;
  /**
   * What may be the `project:target:configuration` that was typed, any part of it possibly left out. Nx alone knows which words
   * are values of options, as in `nx run --to users:20250910090000 api:migrate`: the graph tells which of these is a target.
   */
  readonly specs?: readonly string[];
}

/** Carries an {@link NxRequest} as JSON from the hook before the tasks to the tasks. */
export const REQUEST_VARIABLE = 'FLASHFUSION_NX_REQUEST';

/** Of Nx, those that run tasks: what stands behind one of them is no command any more. */
const COMMANDS: ReadonlySet<string> = new Set(['run', 'run-one', 'run-many', 'affected']);

const FLAG = /^(?:--configuration|-c)(?:=(.*))?$/s;

/**
 * Reads the configuration that a command line of Nx asks for.
 *
 * @param argv as `process.argv`: node and the script come first
 * @example
 * ```ts
 * readRequest(['node', 'nx', 'run', 'api:migrate:staging']); // { specs: ['api:migrate:staging'] }
 * readRequest(['node', 'nx', 'run-many', '-t', 'migrate', '-c', 'staging']); // { configuration: 'staging' }
 * ```
 */
export function readRequest(argv: readonly string[]): NxRequest {
  const all = argv.slice(2);
  const end = all.indexOf('--');
  const args = end === -1 ? all : all.slice(0, end);
  const configuration = configurationFlag(args);
  // Options may stand before the command, as in `nx --output-style stream run api:migrate`.
  const command = args.findIndex((arg) => COMMANDS.has(arg));
  const specs =
    args[command] === 'run' || args[command] === 'run-one'
      ? args.slice(command + 1).filter((arg) => !arg.startsWith('-') && arg.includes(':'))
      : [];
  return {
    ...(configuration === undefined ? {} : { configuration }),
    ...(specs.length === 0 ? {} : { specs }),
  };
}

/** The last one counts, as for Nx; a named one counts over `--prod`. */
function configurationFlag(args: readonly string[]): string | undefined {
  const named = args.flatMap((arg, index) => {
    const match = FLAG.exec(arg);
    return match === null ? [] : [match[1] ?? args[index + 1] ?? ''];
  });
  return (
    named.at(-1) ?? (args.some((arg) => /^--prod(=true)?$/.test(arg)) ? 'production' : undefined)
  );
}

/** The request that the hook left for this task, empty where there was none. */
export function requestOf(env: NodeJS.ProcessEnv): NxRequest {
  try {
    const request: unknown = JSON.parse(env[REQUEST_VARIABLE] ?? '{}');
    return typeof request === 'object' && request !== null ? request : {};
  } catch {
    return {};
  }
}
