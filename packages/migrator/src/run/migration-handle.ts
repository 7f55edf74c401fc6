import type { Session } from '../database/database';
import type { MigratorError } from '../errors';
import type { ColumnValues, MigrationDatabase, QueryResult } from '../migration/types';
import { calledFrom, pointingAt } from './call-site';
import { refuseCopyFromStdin } from './copy-from-stdin';
import { noteSentSql } from './failed-statement';
import { parseSql, tryParseSql, type ParsedStatement } from './parse-sql';
import {
  deleteStatement,
  insertStatements,
  selectStatement,
  updateStatement,
  type Statement,
} from './row-statements';
import { ScriptProgress, type FinishedStatements } from './script-progress';
import {
  endsTransaction,
  refuseTransactionControl,
  transactionControl,
} from './transaction-control';

/** What the handle does around the statements of a migration. */
export interface StatementPolicy {
  readonly mode: 'transaction' | 'no-transaction';
  /** Runs before a statement of a migration without a transaction, already parsed. */
  beforeStatement(statement: ParsedStatement): Promise<void>;
  /** Statements of `script` that an interrupted attempt had finished: they are skipped. */
  readonly finishedBefore: FinishedStatements;
  /** A statement of `script` has finished. */
  onFinished(finished: FinishedStatements): Promise<void>;
}

/**
 * The `db` of a migration: the run's own session behind a door that closes when the function has settled, so that a
 * forgotten `await` can neither outlive its transaction nor write into the next one.
 */
export class MigrationHandle implements MigrationDatabase {
  readonly dbType = 'postgresql' as const;
  private readonly inFlight = new Set<Promise<unknown>>();
  private closedBecause: MigratorError | undefined;
  private readonly progress: ScriptProgress;

  constructor(
    private readonly session: Session,
    private readonly policy: StatementPolicy,
  ) {
    this.progress = new ScriptProgress(policy.finishedBefore);
  }

  query<Row = Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    const called = calledFrom(this.query);
    return this.track(this.send<Row>(sql, params).catch(pointingAt(called)));
  }

  script(sql: string): Promise<void> {
    const called = calledFrom(this.script);
    return this.track(this.sendScript(sql).catch(pointingAt(called)));
  }

  async insert<Row = Record<string, unknown>>(
    table: string,
    rows: ColumnValues | readonly ColumnValues[],
  ): Promise<Row[]> {
    const list = Array.isArray(rows) ? (rows as readonly ColumnValues[]) : [rows as ColumnValues];
    const inserted: Row[] = [];
    for (const statement of insertStatements(table, list)) {
      inserted.push(...(await this.rows<Row>(statement)));
    }
    return inserted;
  }

  async select<Row = Record<string, unknown>>(
    table: string,
    where: ColumnValues = {},
  ): Promise<Row[]> {
    return this.rows<Row>(selectStatement(table, where));
  }

  async update<Row = Record<string, unknown>>(
    table: string,
    values: ColumnValues,
    where: ColumnValues,
  ): Promise<Row[]> {
    return this.rows<Row>(updateStatement(table, values, where));
  }

  async delete<Row = Record<string, unknown>>(table: string, where: ColumnValues): Promise<Row[]> {
    return this.rows<Row>(deleteStatement(table, where));
  }

  /** Waits for queries that nobody awaited; the failure of one is the migration's failure. */
  async drain(): Promise<void> {
    while (this.inFlight.size > 0) {
      const settled = await Promise.allSettled([...this.inFlight]);
      const failed = settled.find((outcome) => outcome.status === 'rejected');
      if (failed) throw failed.reason;
    }
  }

  /** Shuts the door: later calls reject with `why`. */
  close(why: MigratorError): void {
    this.closedBecause ??= why;
  }

  private async rows<Row>(statement: Statement): Promise<Row[]> {
    return (await this.query<Row>(statement.sql, statement.params)).rows;
  }

  private track<T>(promise: Promise<T>): Promise<T> {
    this.inFlight.add(promise);
    // Also keeps a rejection that nobody awaits from ending the process; drain() reports it.
    promise.then(
      () => this.inFlight.delete(promise),
      () => this.inFlight.delete(promise),
    );
    return promise;
  }

  /** @param script where `sql` is a statement of a script */
  private async send<Row>(
    sql: string,
    params?: readonly unknown[],
    script: { readonly sql: string; readonly offset: number } = { sql, offset: 0 },
  ): Promise<QueryResult<Row>> {
    this.refuseWhenClosed();
    await refuseCopyFromStdin(sql);
    if (this.policy.mode === 'transaction') {
      await refuseTransactionControl(sql);
    } else if (params === undefined) {
      const [statement] = (await tryParseSql(sql)) ?? [];
      if (statement) await this.policy.beforeStatement(statement);
    }
    this.refuseWhenClosed();
    const result = await this.sendNoted<Row>(sql, params, script);
    const { transactionStatus } = this.session;
    if (this.policy.mode === 'transaction' && endsTransaction(result.command, transactionStatus)) {
      throw transactionControl(
        result.command,
        'What came before it may be committed: look at the schema.',
      );
    }
    return result;
  }

  private async sendNoted<Row>(
    sent: string,
    params: readonly unknown[] | undefined,
    script: { readonly sql: string; readonly offset: number },
  ): Promise<QueryResult<Row>> {
    try {
      return await this.session.query<Row>(sent, params);
    } catch (error) {
      noteSentSql(error, { ...script, sent });
      throw error;
    }
  }

  private async sendScript(sql: string): Promise<void> {
    for (const statement of await this.splitScript(sql)) {
      if (this.progress.next(statement.sql) === 'finished') continue;
      await this.send(statement.sql, undefined, { sql, offset: statement.offset });
      await this.policy.onFinished(this.progress.finished);
    }
  }

  /** @throws {MigratorError} `COPY_FROM_STDIN`; the parser's error */
  private async splitScript(sql: string): Promise<ParsedStatement[]> {
    await refuseCopyFromStdin(sql);
    try {
      return await parseSql(sql);
    } catch (error) {
      noteSentSql(error, { sql, offset: 0, sent: sql });
      throw error;
    }
  }

  private refuseWhenClosed(): void {
    if (this.closedBecause) throw this.closedBecause;
  }
}
