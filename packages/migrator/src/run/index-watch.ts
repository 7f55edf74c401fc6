import type { Session } from '../database/database';
import { MigratorError, type ErrorCode } from '../errors';
import {
  buildsIndex,
  findBuiltTable,
  findInvalidIndexes,
  findInvalidIndexFor,
  isConcurrent,
  mayLeaveInvalidIndex,
  type InvalidIndex,
  type Suspect,
} from './concurrent-index';
import type { ParsedStatement } from './parse-sql';

/** Watches over the indexes that one migration without a transaction builds: none of them may be left invalid unsaid. */
export class IndexWatch {
  private last: ParsedStatement | undefined;
  /**
   * The tables on which the migration builds indexes. Other sessions, such as the runners of other tenants, build on other tables
   * meanwhile. `any`: it runs another statement that can leave an invalid index, e.g. REINDEX.
   */
  private tables: Set<string> | 'any' = new Set();

  private constructor(
    private readonly session: Session,
    /** What others have left or are building: should those fail, it is not the migration that left them. */
    private foreign: ReadonlySet<string>,
  ) {}

  /** Notes what is invalid before the migration begins. */
  static async begin(session: Session): Promise<IndexWatch> {
    const found = await findInvalidIndexes(session);
    return new IndexWatch(session, new Set(found.map(({ name }) => name)));
  }

  /**
   * To be told of each statement before it is sent. An invalid index of the name that it is to build is dropped, if nobody is
   * at work on it: a failed attempt has left it, and `IF NOT EXISTS` would otherwise take it for the real one.
   *
   * @returns the dropped index, if there was one
   */
  async beforeStatement(statement: ParsedStatement): Promise<InvalidIndex | undefined> {
    this.last = statement;
    await this.noteTable(statement);
    const found = await findInvalidIndexFor(this.session, statement);
    if (found === undefined) return undefined;
    // From here on it is the migration's own, whoever began it.
    this.foreign = new Set([...this.foreign].filter((name) => name !== found.name));
    if (found.builder !== 'nobody') return undefined;
    await this.session.query(`DROP INDEX CONCURRENTLY IF EXISTS ${found.name}`);
    return found;
  }

  /** @throws {MigratorError} `INVALID_INDEX` naming every index that the migration has left invalid */
  async refuseInvalid(): Promise<void> {
    const left = abandoned(await this.suspects());
    if (left.length === 0) return;
    throw new MigratorError('INVALID_INDEX', `The migration left ${namesOf(left)}.`, {
      hint: hintFor(left, 'INVALID_INDEX'),
    });
  }

  /**
   * Adds to a failure what became of the indexes that were being built, for that is to be seen in the history too: which are
   * left invalid, which may be, or that none is.
   */
  async explain(error: MigratorError): Promise<MigratorError> {
    if (error.code === 'INVALID_INDEX') return error;
    const mayLeave = this.last !== undefined && mayLeaveInvalidIndex(this.last);
    // A connection that goes now, or a late cancel request, must not hide what had failed.
    const found = this.session.closed ? undefined : await this.suspects().catch(() => undefined);
    if (found === undefined) {
      if (!mayLeave) return error;
      return add(error, 'It may have left an invalid index: nobody could be asked.', LOOK_AND_DROP);
    }
    const left = abandoned(found);
    if (left.length > 0) return add(error, `It left ${namesOf(left)}.`, hintFor(left, error.code));
    if (!mayLeave) return error;
    const unclear = found.filter(({ builder }) => builder === 'unknown');
    if (unclear.length === 0) return add(error, 'It left no invalid index.', undefined);
    const what = `It may have left ${namesOf(unclear)}, unless another session is building it.`;
    return add(error, what, LOOK_AND_DROP);
  }

  private async suspects(): Promise<Suspect[]> {
    const found = await findInvalidIndexes(this.session);
    return found.filter(({ name, table }) => {
      return !this.foreign.has(name) && (this.tables === 'any' || this.tables.has(table));
    });
  }

  private async noteTable(statement: ParsedStatement): Promise<void> {
    if (this.tables === 'any' || !isConcurrent(statement)) return;
    if (!buildsIndex(statement)) this.tables = 'any';
    else {
      const table = await findBuiltTable(this.session, statement);
      if (table !== undefined) this.tables.add(table);
    }
  }
}

function abandoned(suspects: readonly Suspect[]): Suspect[] {
  return suspects.filter(({ builder }) => builder === 'nobody');
}

function add(error: MigratorError, what: string, hint: string | undefined): MigratorError {
  const { code, message, where, cause, stack } = error;
  const told = new MigratorError(code, `${message}\n  ${what}`, {
    hint: [error.hint, hint].filter((part) => part !== undefined).join(' ') || undefined,
    where,
    cause,
  });
  if (stack !== undefined) told.stack = stack;
  return told;
}

function namesOf(left: readonly InvalidIndex[]): string {
  return `an invalid index: ${left.map(({ name, table }) => `${name} on ${table}`).join(', ')}`;
}

const LOOK =
  'To see what is invalid: SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;';

const LOOK_AND_DROP = `${LOOK} A named index is dropped and built anew by the next run. By hand: DROP INDEX CONCURRENTLY <name>;`;

function hintFor(left: readonly InvalidIndex[], code: ErrorCode): string {
  const drops = left.map(({ name }) => `DROP INDEX CONCURRENTLY ${name};`).join(' ');
  // Waiting, cancelling and losing the connection are nothing that can be mended.
  const next =
    code === 'MIGRATION_FAILED' || code === 'INVALID_INDEX'
      ? 'Remove what made it fail (often duplicate rows), then migrate again: a named index is dropped and built anew.'
      : 'The next run drops a named index and builds it anew.';
  return `${next} ${LOOK} By hand: ${drops}`;
}
