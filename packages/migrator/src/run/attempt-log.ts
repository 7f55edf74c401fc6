import type { MigratorError } from '../errors';
import type { FinishedStatement, StatementRecord } from '../history/entry';
import type { RecordedStatement } from '../history/unfinished';
import { historyRow, type Change, type RowFacts, type RunScope } from './change';
import { keepRollbackData } from './earlier-attempts';
import { recordFailure } from './record';
import { asLoginUser, mayChangeRole } from './runner-rights';
import { commit, hasOpenTransaction, rollback } from './transaction';
import { mayControlTransaction } from './transaction-control';

/**
 * The rows that one change without a transaction leaves: running, its progress, and how it ended. Inside a transaction that
 * the migration began itself, rows are written in it: they commit, or roll back, together with what they record.
 */
export class AttemptLog {
  private attempt: number;
  /** JSON text of what this attempt and earlier ones have saved. */
  private rollbackData: string | undefined;
  /** Number of each call of `db.script` → how many of its statements have finished. */
  private positions: Map<number, number>;
  private readonly started = performance.now();
  private mayHaveOwnTransaction = false;
  private mayHaveChangedRole = false;
  private mayBeReadOnly = false;
  private inRunnersTransaction = false;
  /** A row was sent, and whether it was committed is not known. */
  private uncertain = false;

  constructor(
    private readonly scope: RunScope,
    private readonly change: Change,
  ) {
    this.attempt = change.attempt;
    this.rollbackData = change.earlier.rollbackData;
    this.positions = positionsOf(change.earlier.statements);
  }

  /** The number of the next row. */
  get nextAttempt(): number {
    return this.attempt;
  }

  /** JSON text of what this attempt and earlier ones have saved. */
  get savedRollbackData(): string | undefined {
    return this.rollbackData;
  }

  /** To be called with everything that the migration sends, before it is sent. */
  noteSent(sql: string): void {
    this.mayHaveOwnTransaction ||= mayControlTransaction(sql);
    this.mayHaveChangedRole ||= mayChangeRole(sql);
    this.mayBeReadOnly ||= /read[_ ]only/i.test(sql);
  }

  running(): Promise<void> {
    return this.append(() => ({ state: 'running' }));
  }

  /**
   * Records rollback data, together with that of earlier attempts.
   *
   * @throws {MigratorError} `ROLLBACK_DATA_CONFLICT`
   */
  async saved(rollbackData: string | undefined): Promise<void> {
    const kept = keepRollbackData(this.change.earlier.rollbackData, rollbackData);
    await this.append(() => ({ state: 'running', rollbackData: kept }));
    this.rollbackData = kept;
  }

  /**
   * Records that a statement of a script has finished. A read-only transaction of the migration takes no row: it changes nothing,
   * and the next row stands for its statements too.
   */
  async finished(statement: FinishedStatement): Promise<void> {
    if (await this.isInReadOnlyTransaction()) return;
    const { call, position } = statement;
    await this.append(() => ({ state: 'running', statement, positions: [[call, position]] }));
  }

  /**
   * Records that a statement of a script is about to be sent. Inside the migration's own transaction nothing is recorded:
   * the statement's effect commits, or rolls back, with the row of its end.
   *
   * @param kind name of the statement's node in the parse tree
   */
  async begun(statement: FinishedStatement, kind: string): Promise<void> {
    if (await this.isInOwnTransaction()) return;
    const begun = { ...statement, state: 'begun', kind } as const;
    await this.append(() => ({ state: 'running', statement: begun }));
  }

  /** Sends a statement and records it, both in one transaction: neither is ever there without the other. */
  async together(statement: FinishedStatement, send: () => Promise<void>): Promise<void> {
    const { session } = this.scope.connection;
    // A transaction that is read-only by default takes the statement as its author meant it, but no row.
    if (this.mayBeReadOnly || (await this.isInOwnTransaction())) {
      await send();
      return this.finished(statement);
    }
    await session.query('BEGIN');
    this.inRunnersTransaction = true;
    const { attempt, positions } = this;
    try {
      await send();
      await this.finished(statement);
      const { messages } = this.change;
      const outcome = await commit(session, {
        onNotice: (notice) => messages.add(notice, this.scope.onEvent),
      });
      if (outcome.kind !== 'committed') throw outcome.error;
    } catch (error) {
      Object.assign(this, { attempt, positions, uncertain: true });
      await rollback(session);
      throw error;
    } finally {
      this.inRunnersTransaction = false;
    }
  }

  /**
   * @param returned JSON text of what the migration returned; what it saved stays if it returned nothing
   * @throws {MigratorError} `ROLLBACK_DATA_CONFLICT`
   */
  async done(returned: string | undefined): Promise<void> {
    const { change } = this;
    const kept = keepRollbackData(change.earlier.rollbackData, returned);
    await this.append(() => ({
      state: change.states.done,
      success: true,
      rollbackData: returned === undefined ? this.rollbackData : kept,
    }));
  }

  async failed(error: MigratorError): Promise<void> {
    const { session } = this.scope.connection;
    if (this.mayHaveChangedRole && !session.closed) {
      await session.query('RESET SESSION AUTHORIZATION; RESET ROLE').catch(() => undefined);
    }
    await recordFailure(this.scope, this.change, async () => {
      await this.synchronize();
      return this.facts({ state: 'failed', error });
    });
    this.attempt += 1;
  }

  /** @param factsOf asked for when it is known what is left of the rows before */
  private async append(factsOf: () => FactsOfRow): Promise<void> {
    const { session } = this.scope.connection;
    const write = async () => {
      await this.synchronize();
      const facts = factsOf();
      const positions = new Map([...this.positions, ...(facts.positions ?? [])]);
      const row = historyRow(this.scope, this.change, {
        ...this.facts(facts),
        finishedStatements: total(positions),
      });
      await this.scope.openHistory(session).append(row);
      this.positions = positions;
    };
    if (!this.mayHaveChangedRole) await write();
    else if (this.inRunnersTransaction || (await this.isInOwnTransaction())) {
      await asLoginUser(session, write);
    } else await this.inTransaction(() => asLoginUser(session, write));
    this.attempt += 1;
  }

  /** Writes the row in a transaction of its own: the settings that give it the rights of the login user end with that. */
  private async inTransaction(work: () => Promise<void>): Promise<void> {
    const { session } = this.scope.connection;
    // The migration may have made read-only the default.
    await session.query('BEGIN READ WRITE');
    try {
      await work();
    } catch (error) {
      await rollback(session);
      throw error;
    }
    const outcome = await commit(session);
    if (outcome.kind !== 'committed') throw outcome.error;
  }

  private async isInReadOnlyTransaction(): Promise<boolean> {
    if (!this.mayBeReadOnly || !(await this.isInOwnTransaction())) return false;
    // SHOW takes no snapshot, so that SET TRANSACTION may still follow.
    const { rows } = await this.scope.connection.session.query<{ transaction_read_only: string }>(
      'SHOW transaction_read_only',
    );
    return rows[0]?.transaction_read_only === 'on';
  }

  private async isInOwnTransaction(): Promise<boolean> {
    if (!this.mayHaveOwnTransaction) return false;
    return hasOpenTransaction(this.scope.connection.session);
  }

  /** Rows go with a transaction, or a part of it, that the migration rolled back: the history says what is left. */
  private async synchronize(): Promise<void> {
    if (!this.uncertain && (!this.mayHaveOwnTransaction || this.inRunnersTransaction)) return;
    const { connection, environment } = this.scope;
    const { action, earlier, migration } = this.change;
    const { project, version } = migration;
    const history = this.scope.openHistory(connection.session);
    const found = await history.unfinished({ environment, project, version, action });
    // Rows can be fewer than were written. A row more than that is another runner's, unless the answer to ours was lost.
    const expected = this.attempt + (this.uncertain ? 1 : 0);
    this.attempt = Math.min(expected, found.lastAttempt + 1);
    this.rollbackData = found.rollbackData ?? earlier.rollbackData;
    this.positions = positionsOf(found.statements);
    this.uncertain = false;
  }

  private facts({ state, success = false, rollbackData, error, statement }: FactsOfRow): RowFacts {
    return {
      state,
      success,
      attempt: this.attempt,
      executionTimeMs: performance.now() - this.started,
      rollbackData,
      error,
      finishedStatements: total(this.positions),
      finishedStatement: statement,
    };
  }
}

/** What differs between the rows of one attempt. */
interface FactsOfRow {
  readonly state: RowFacts['state'];
  readonly success?: boolean;
  /** Only where it is new, and in the last row: it may be large. */
  readonly rollbackData?: string;
  readonly error?: MigratorError;
  readonly statement?: StatementRecord;
  readonly positions?: readonly (readonly [call: number, position: number])[];
}

function positionsOf(statements: readonly RecordedStatement[]): Map<number, number> {
  return new Map(statements.map(({ call, position }) => [call, position]));
}

function total(positions: ReadonlyMap<number, number>): number {
  return [...positions.values()].reduce((sum, position) => sum + position, 0);
}
