import type { TaskBatch } from '@flashfusion/migrator';

/** What was typed after `nx`, as far as an executor has to know it and Nx does not say. */
export interface NxRequest {
  /** The workspace that it was typed for: an Nx that an outer Nx starts may work on another one. */
  readonly workspaceRoot: string;
  /**
   * `one`: a word names the target to run (`nx run api:migrate:staging`, `nx migrate-db api`). `many`: only flags can name a
   * configuration (`nx run-many -t migrate -c staging`).
   */
  readonly kind: 'one' | 'many';
  /**
   * Every word of a `one` command that may name the target. Nx alone knows which of them are values of options: the project
   * graph decides which of them is a target.
   */
  readonly words: readonly string[];
  /** The values of `-c`, `--configuration` and `--prod`, and every flag that may be a mistyped one of these. */
  readonly configurations: readonly string[];
  /** The names and values of all other options: one of them may be an environment. */
  readonly options: readonly string[];
}

/** What the hook tells the tasks: the command, and which one it is. */
export interface HookMessage extends NxRequest {
  readonly batch: TaskBatch;
}

/** Carries a {@link HookMessage} as JSON from the hook before the tasks to the tasks. */
export const REQUEST_VARIABLE = 'FLASHFUSION_NX_REQUEST';

/** Commands in which no word names a configuration. */
const MANY: ReadonlySet<string> = new Set(['run-many', 'affected', 'exec']);

const CONFIGURATION = /^--?(?:c|configuration)(?:=(.*))?$/s;
/** `--configuration.x`, `--configurations`, `--no-configuration`, `-c:x`, and short flags in one word, such as `-vc`. */
const NEARLY_CONFIGURATION = /^(?:--(?:no-)?configuration|--(?:no-)?c\b|-[a-z]*c)/i;
const TARGET = /^--?(?:t|targets?)=(.*)$/s;

/**
 * Reads the configurations and targets that a command line of Nx may name. It leaves out what follows `--`: Nx passes that to
 * the executor as options.
 *
 * @param argv as `process.argv`: node and the script come first
 * @example
 * ```ts
 * const root = '/workspace';
 * readRequest(['node', 'nx', 'run', 'api:migrate:staging'], root).words; // ['run', 'api:migrate:staging']
 * readRequest(['node', 'nx', 'run-many', '-t', 'migrate', '-c', 'staging'], root).configurations; // ['staging']
 * ```
 */
export function readRequest(argv: readonly string[], workspaceRoot: string): NxRequest {
  const all = argv.slice(2);
  const end = all.indexOf('--');
  const args = end === -1 ? all : all.slice(0, end);
  const words = args.flatMap((arg) => (arg.startsWith('-') ? (TARGET.exec(arg)?.[1] ?? []) : arg));
  // Options may stand before the command. The first word is then perhaps one of their values, and all words are read.
  const command = args.find((arg) => !arg.startsWith('-')) ?? '';
  const kind = MANY.has(command) || command.startsWith('affected:') ? 'many' : 'one';
  return {
    workspaceRoot,
    kind,
    words: kind === 'many' ? [] : words,
    configurations: args.flatMap((arg, index) => configurationOf(arg, args[index + 1])),
    options: args.flatMap((arg, index) => optionOf(arg, args[index + 1])),
  };
}

/** The configuration that an argument names; an option without a value names the empty one. */
function configurationOf(arg: string, next: string | undefined): string[] {
  const match = CONFIGURATION.exec(arg);
  if (match !== null) return [match[1] ?? (next?.startsWith('-') === false ? next : '')];
  if (arg === '--prod' || (arg.startsWith('--prod=') && arg !== '--prod=false')) {
    return ['production'];
  }
  return NEARLY_CONFIGURATION.test(arg) ? [arg] : [];
}

/** The name and the value of a long option. */
function optionOf(arg: string, next: string | undefined): string[] {
  const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
  if (name === undefined) return [];
  const environment = /^(?:conf|env)/i.test(name);
  const given = value ?? (next?.startsWith('-') === false ? next : undefined);
  return environment && given !== undefined ? [name, given] : [name];
}

/**
 * The request that the hook left for a task of this workspace; `undefined` when no hook ran for it, or what it left cannot be
 * read.
 */
export function requestOf(env: NodeJS.ProcessEnv, workspaceRoot: string): NxRequest | undefined {
  try {
    const request = JSON.parse(env[REQUEST_VARIABLE] ?? 'null') as NxRequest | null;
    return request?.workspaceRoot === workspaceRoot ? request : undefined;
  } catch {
    return undefined;
  }
}

/** The command of Nx that started a task; `undefined` if no hook ran for it. */
export function batchOf(env: NodeJS.ProcessEnv, workspaceRoot: string): TaskBatch | undefined {
  const message = requestOf(env, workspaceRoot) as Partial<HookMessage> | undefined;
  return message?.batch;
}
