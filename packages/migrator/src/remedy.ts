import { currentFrontEnd, type CommandName, type FrontEnd } from './front-end';
import { DEFAULT_ENVIRONMENT, type Target } from './target';

/** A part of a command that the user fills in, shown as `<name>`. */
export interface Placeholder {
  readonly placeholder: string;
}

/** What an option or argument of a remedy is set to. */
export type RemedyValue = string | Placeholder;

/** A command that the user can run next, as data. The only place that makes text of it is {@link renderRemedy}. */
export interface Remedy {
  readonly command: CommandName;
  /** The target that the command acts on, and no other. */
  readonly target: {
    readonly [Part in keyof Target]: Target[Part] | RemedyValue;
  };
  /** The migration that the command is for, by version or name. */
  readonly migration?: RemedyValue;
  /** Options by name, in kebab case; `true` for one without a value. */
  readonly options?: Readonly<Record<string, RemedyValue | true>>;
}

/**
 * The command line of a remedy with the full address of its target, as text between backquotes: that of the front end at work,
 * or both where a program called the engine. Names are quoted for a POSIX shell.
 */
export function renderRemedy(remedy: Remedy, frontEnd: FrontEnd = currentFrontEnd()): string {
  switch (frontEnd.kind) {
    case 'ff':
      return `\`${ffCommand(remedy, frontEnd)}\``;
    case 'nx':
      return `\`${nxCommand(remedy, frontEnd)}\``;
    case 'program':
      return `\`${nxCommand(remedy, frontEnd)}\` or \`${ffCommand(remedy, frontEnd)}\``;
  }
}

/** The command line of a remedy without backquotes, e.g. for a line of its own; that of `ff` where a program called the engine. */
export function remedyLine(remedy: Remedy, frontEnd: FrontEnd = currentFrontEnd()): string {
  return frontEnd.kind === 'nx' ? nxCommand(remedy, frontEnd) : ffCommand(remedy, frontEnd);
}

/** How to generate a migration in the project at hand, as text. */
export function generateCommands(): string {
  return 'ff db generate <name>, or nx g @flashfusion/db:migration <name>';
}

/** An option for a sentence that names no whole command, e.g. `--database=eu`. */
export function renderOption(name: string, value?: RemedyValue): string {
  return value === undefined ? `--${name}` : `--${name}=${shown(value)}`;
}

function ffCommand({ command, target, migration, options }: Remedy, frontEnd: FrontEnd): string {
  return [
    `ff db ${command}`,
    ...(migration === undefined ? [] : [shown(migration)]),
    renderOption('project', target.project),
    ...(isDefault(target.environment, frontEnd) ? [] : [renderOption('env', target.environment)]),
    ...narrowing(target),
    ...renderOptions(options),
  ].join(' ');
}

function nxCommand({ command, target, migration, options }: Remedy, frontEnd: FrontEnd): string {
  const { project, environment } = target;
  const task =
    typeof project === 'string' && frontEnd.kind === 'nx'
      ? frontEnd.targetOf(command, project)
      : `${plain(project)}:${command}`;
  // The configuration carries the environment: without it the command would lead to another database.
  const configuration = isDefault(environment, frontEnd) ? '' : `:${plain(environment)}`;
  const word = `${task}${configuration}`;
  return [
    `nx run ${typeof project === 'string' && typeof environment === 'string' ? quoted(word) : word}`,
    ...(migration === undefined ? [] : [renderOption('name', migration)]),
    ...narrowing(target),
    ...renderOptions(options),
  ].join(' ');
}

/** Left out only where it is the default of this process and of a process without `NODE_ENV`. */
function isDefault(environment: RemedyValue, { defaultEnvironment }: FrontEnd): boolean {
  return (
    environment === DEFAULT_ENVIRONMENT &&
    (defaultEnvironment ?? DEFAULT_ENVIRONMENT) === DEFAULT_ENVIRONMENT
  );
}

function narrowing({ databaseName, tenant }: Remedy['target']): string[] {
  return [
    ...(databaseName === undefined ? [] : [renderOption('database', databaseName)]),
    ...(tenant === undefined ? [] : [renderOption('tenant', tenant)]),
  ];
}

function renderOptions(options: Remedy['options'] = {}): string[] {
  return Object.entries(options).map(([name, value]) =>
    renderOption(name, value === true ? undefined : value),
  );
}

function shown(value: RemedyValue): string {
  return typeof value === 'string' ? quoted(value) : plain(value);
}

function plain(value: RemedyValue): string {
  return typeof value === 'string' ? value : `<${value.placeholder}>`;
}

/** Quotes a word for a POSIX shell where it needs quotes. */
function quoted(word: string): string {
  return /^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
