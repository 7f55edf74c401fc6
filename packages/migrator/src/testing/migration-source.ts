import type { MigrationContext, MigrationDatabase } from '../migration/types';

type Step = (db: MigrationDatabase, agent: MigrationContext, rollbackData: never) => unknown;

/** A migration in short, as tests write it. */
export interface MigrationSnippet {
  /** Default: one second after the project's previous one. */
  readonly version?: string;
  readonly description?: string;
  readonly dependencies?: readonly string[];
  readonly transaction?: false | { readonly up?: boolean; readonly down?: boolean };
  readonly onFailure?: 'revert';
  readonly lockTimeout?: string;
  readonly statementTimeout?: string;
  /** SQL, or a function. Its text is written into the file, so it can use nothing from outside itself. */
  readonly up?: string | Step;
  readonly down?: string | Step;
  readonly validate?: Step;
  /** Code at the top of the module: it runs when the file is loaded. */
  readonly head?: string;
}

/** The nth version that tests count by: 20250101000001 is the first. */
export function nthVersion(n: number): string {
  return new Date(Date.UTC(2025, 0, 1, 0, 0, n)).toISOString().replace(/\D/g, '').slice(0, 14);
}

/** The text of a migration file. */
export function migrationSource(version: string, name: string, snippet: MigrationSnippet): string {
  const { head = '', up = () => undefined, down, validate, ...fields } = snippet;
  const facts = JSON.stringify({ ...fields, version, name }).slice(1, -1);
  const members = Object.entries({ up, down, validate }).flatMap(([key, step]) =>
    step === undefined ? [] : member(key, step),
  );
  return `${head}\nexport default { ${facts},\n${members.join(',\n')}\n};\n`;
}

function member(key: string, step: string | Step): string {
  if (typeof step === 'string')
    return `${key}: (db) => db.query(${JSON.stringify(step)}).then(() => undefined)`;
  const text = step.toString();
  // A method's text is `up(db) { … }` or `async up(db) { … }`, which is a member already.
  return new RegExp(`^(async\\s+)?${key}\\s*\\(`).test(text) ? text : `${key}: ${text}`;
}
