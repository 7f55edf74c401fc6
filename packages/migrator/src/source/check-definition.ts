import type { Problem } from '../errors';
import { parseDuration } from '../migration/duration';
import { migrationId, parseMigrationId } from '../migration/id';
import type {
  Migration,
  MigrationDefinition,
  MigrationFile,
  MigrationId,
  MigrationMode,
} from '../migration/types';
import { parseVersion } from '../migration/version';

/** What came of looking at a file's default export. */
export type CheckedDefinition =
  | { readonly kind: 'migration'; readonly migration: Migration }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/**
 * Checks that what a file exports is a migration and agrees with the file's name. Unknown keys are tolerated, because the
 * original agent's files have some; nothing of the migration is called.
 *
 * @param exported the default export
 * @returns the migration, or every problem: `INVALID_EXPORT`, `MIGRATION_NOT_WRITTEN`
 */
export function checkDefinition(file: MigrationFile, exported: unknown): CheckedDefinition {
  // CommonJS that exports nothing, and an empty file, arrive as an empty object.
  const nothing = exported === undefined || isEmptyObject(exported);
  if (nothing || typeof exported !== 'object' || exported === null || Array.isArray(exported)) {
    const problem = invalid(
      file,
      nothing ? 'has no default export' : `exports ${describe(exported)} in place of a migration`,
      'Write `export default defineMigration({ … })`, or `module.exports = { … }`.',
    );
    return { kind: 'problems', problems: [problem] };
  }
  const definition = exported as Readonly<Record<string, unknown>>;
  const dependencies = checkDependencies(file, definition.dependencies);
  const problems = [
    ...checkIdentity(file, definition),
    ...checkFunctions(file, definition),
    ...checkOptions(file, definition),
    ...dependencies.problems,
    ...checkWritten(file, definition.notWritten),
  ];
  if (problems.length > 0) return { kind: 'problems', problems };
  const migration = toMigration(
    file,
    exported as MigrationDefinition<unknown>,
    dependencies.identities,
  );
  return { kind: 'migration', migration };
}

function checkIdentity(
  file: MigrationFile,
  definition: Readonly<Record<string, unknown>>,
): Problem[] {
  const { version, name, description } = definition;
  const problems: Problem[] = [];
  if (typeof version !== 'string') {
    const hint = `Write version: '${file.version}', in quotes.`;
    problems.push(invalid(file, has('version', version), hint));
  } else if (version !== file.version) {
    problems.push(
      invalid(
        file,
        `exports the version ${JSON.stringify(version)}, but its name says ${file.version}`,
        'Make the two agree. Keep the one that is already applied somewhere.',
      ),
    );
  }
  if (typeof name !== 'string') {
    problems.push(invalid(file, has('name', name), `Write name: '${file.name}'.`));
  } else if (name !== file.name) {
    problems.push(
      invalid(
        file,
        `exports the name ${JSON.stringify(name)}, but its file is named ${file.name}`,
        'Make the two agree.',
      ),
    );
  }
  if (description !== undefined && description !== null && typeof description !== 'string') {
    const hint = 'Write it as text, or leave it out.';
    problems.push(invalid(file, `has ${describe(description)} as its description`, hint));
  }
  return problems;
}

function checkFunctions(
  file: MigrationFile,
  definition: Readonly<Record<string, unknown>>,
): Problem[] {
  const problems: Problem[] = [];
  if (definition.up === undefined) {
    problems.push(invalid(file, 'has no `up`', 'Write `async up(db) { … }`.'));
  } else if (typeof definition.up !== 'function') {
    const hint = 'Write `async up(db) { … }`.';
    problems.push(invalid(file, `has ${describe(definition.up)} as \`up\``, hint));
  }
  // A missing `down` or `validate` is fine; something else in its place is a mistake.
  for (const key of ['down', 'validate'] as const) {
    const value = definition[key];
    if (value === undefined || value === null || typeof value === 'function') continue;
    const hint = 'Make it a function, or leave it out.';
    problems.push(invalid(file, `has ${describe(value)} as \`${key}\``, hint));
  }
  return problems;
}

/** A placeholder is refused when it is loaded, so that no command runs it or records its checksum. */
function checkWritten(file: MigrationFile, reason: unknown): Problem[] {
  if (reason === undefined || reason === null || reason === false) return [];
  const because = typeof reason === 'string' && reason.trim() !== '' ? `: ${reason.trim()}` : '.';
  return [
    {
      code: 'MIGRATION_NOT_WRITTEN',
      message: `${file.path} is not written yet${because}`,
      hint: 'Edit the file, then delete its `notWritten` line. Or delete the file if you do not need it.',
      where: file.path,
    },
  ];
}

function checkOptions(
  file: MigrationFile,
  definition: Readonly<Record<string, unknown>>,
): Problem[] {
  const { transaction, onFailure } = definition;
  const problems: Problem[] = [];
  for (const what of wrongTransaction(transaction)) {
    const hint =
      typeof transaction === 'object'
        ? 'Write { up: false, down: true } with true or false for each, or leave it out.'
        : 'Write true or false, or leave it out.';
    problems.push(invalid(file, what, hint));
  }
  if (onFailure !== undefined && onFailure !== 'revert') {
    const hint = "Write 'revert', or leave it out.";
    problems.push(invalid(file, `has ${describe(onFailure)} as \`onFailure\``, hint));
  }
  if (onFailure === 'revert' && readMode(transaction, 'up') === 'transaction') {
    problems.push(
      invalid(
        file,
        "has onFailure: 'revert', but runs in a transaction",
        'Leave it out: Postgres rolls a transaction back by itself. It is for transaction: false.',
      ),
    );
  }
  if (onFailure === 'revert' && typeof definition.down !== 'function') {
    const hint = 'Write a `down`, or leave onFailure out.';
    problems.push(invalid(file, "has onFailure: 'revert', but no `down`", hint));
  }
  for (const key of ['lockTimeout', 'statementTimeout'] as const) {
    const value = definition[key];
    if (value === undefined || toMilliseconds(value) !== undefined) continue;
    const hint = "Write '500ms', '5s', '2m', '1h', or milliseconds as a number; 0 for no limit.";
    problems.push(invalid(file, `has ${describe(value)} as \`${key}\``, hint));
  }
  return problems;
}

function checkDependencies(
  file: MigrationFile,
  value: unknown,
): { identities: MigrationId[]; problems: Problem[] } {
  if (value === undefined || value === null) return { identities: [], problems: [] };
  const hint = "Write versions of the same project, or 'project:version' of another one.";
  if (!Array.isArray(value)) {
    const problem = invalid(file, `has ${describe(value)} as its dependencies`, hint);
    return { identities: [], problems: [problem] };
  }
  const identities = new Set<MigrationId>();
  const problems: Problem[] = [];
  for (const item of value as unknown[]) {
    const identity = typeof item === 'string' ? toIdentity(file.project, item) : undefined;
    if (identity !== undefined) identities.add(identity);
    else problems.push(invalid(file, `depends on ${describe(item)}, which is no version`, hint));
  }
  return { identities: [...identities], problems };
}

function toIdentity(project: string, dependency: string): MigrationId | undefined {
  const { project: other, version } = parseMigrationId(dependency);
  if (parseVersion(version) === undefined || (dependency.includes(':') && other === '')) {
    return undefined;
  }
  return migrationId(other === '' ? project : other, version);
}

function toMigration(
  file: MigrationFile,
  definition: MigrationDefinition<unknown>,
  dependencies: readonly MigrationId[],
): Migration {
  return {
    id: file.id,
    file,
    project: file.project,
    version: file.version,
    name: file.name,
    description: definition.description ?? '',
    dependencies,
    mode: readMode(definition.transaction, 'up'),
    downMode: readMode(definition.transaction, 'down'),
    onFailure: definition.onFailure ?? 'report',
    lockTimeoutMs: toMilliseconds(definition.lockTimeout),
    statementTimeoutMs: toMilliseconds(definition.statementTimeout),
    // Called on the definition, so that `this` reaches what else the author put there.
    up: (db, agent) => definition.up(db, agent),
    down: definition.down ? (db, agent, data) => definition.down?.(db, agent, data) : undefined,
    validate: definition.validate ? (db, agent) => definition.validate?.(db, agent) : undefined,
  };
}

/** What is wrong with a `transaction` option. A misspelled direction would run the wrong way without a word. */
function wrongTransaction(value: unknown): string[] {
  if (value === undefined || typeof value === 'boolean') return [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`has ${describe(value)} as \`transaction\``];
  }
  return Object.entries(value).flatMap(([key, each]) => {
    if (key !== 'up' && key !== 'down') return [`has an unknown key \`${key}\` in \`transaction\``];
    if (each === undefined || typeof each === 'boolean') return [];
    return [`has ${describe(each)} as \`transaction.${key}\``];
  });
}

function readMode(transaction: unknown, direction: 'up' | 'down'): MigrationMode {
  const value =
    typeof transaction === 'object' && transaction !== null
      ? (transaction as Readonly<Record<string, unknown>>)[direction]
      : transaction;
  return value === false ? 'no-transaction' : 'transaction';
}

function toMilliseconds(value: unknown): number | undefined {
  return typeof value === 'string' || typeof value === 'number' ? parseDuration(value) : undefined;
}

function invalid(file: MigrationFile, what: string, hint: string): Problem {
  return { code: 'INVALID_EXPORT', message: `${file.path} ${what}.`, hint, where: file.path };
}

function has(key: 'version' | 'name', value: unknown): string {
  return value === undefined ? `has no ${key}` : `has ${describe(value)} as its ${key}`;
}

function isEmptyObject(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length === 0
  );
}

/** A value in a few words, for a message. */
function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'symbol' ? 'a symbol' : String(value);
}
