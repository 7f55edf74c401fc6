import type { Session } from '../database/database';
import type { NoticeListener, ServerNotice } from '../database/server-message';
import { isPlainStatement } from '../database/plain-statement';
import type { MigratorError } from '../errors';
import type { FinishedStatement } from '../history/entry';
import type { ColumnValues, MigrationDatabase, QueryResult } from '../migration/types';
import { calledFrom, pointingAt } from './call-site';
import { readColumnTypes, type ColumnTypes } from './column-types';
import { refuseCopyFromStdin } from './copy-from-stdin';
import { encodeUntyped } from './encode-value';
import { noteSentSql } from './failed-statement';
import { parseSql, tryParseSql, type ParsedStatement } from './parse-sql';
import {
  deleteStatement,
  insertStatements,
  quoteTable,
  selectStatement,
  updateStatement,
  type Statement,
  type TypedTable,
} from './row-statements';
import type { ScriptProgress } from './script-progress';
import { scriptSite, stampSite } from './script-site';
import { scriptStatements } from './script-statement';
import { SessionState } from './session-state';
import { changesSession } from './statement-footing';
import { truncatedIn, truncationOf, type TruncatedIdentifier } from './truncated-identifier';
import {
  endsTransaction,
  refuseTransactionControl,
  transactionControl,
} from './transaction-control';

/** What the handle does around the statements of a migration. */
export type StatementPolicy = StatementsOf &
  (
    | { readonly mode: 'transaction' }
    | ({ readonly mode: 'no-transaction' } & StatementsWithoutTransaction)
  );

interface StatementsOf {
  /** Path of the migration's file. */
  readonly path: string;
  /** Which statements of scripts an earlier attempt has finished. */
  readonly progress: ScriptProgress;
  /** Receives the messages that the server sends while it runs the migration's statements. */
  readonly onNotice: NoticeListener;
  /** Whether a name may be truncated. */
  readonly acceptsTruncated: (name: string) => boolean;
}

/** Statements of a migration without a transaction are recorded one by one. */
interface StatementsWithoutTransaction {
  /** Runs `work` when nothing else uses the session. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Is told what will be sent. */
  noteSent(sql: string): void;
  /** Runs before a statement, already parsed. */
  beforeStatement(statement: ParsedStatement): Promise<void>;
  /** Sends a statement of a script and records that it has finished. */
  sendRecorded(
    statement: ParsedStatement,
    record: FinishedStatement,
    send: () => Promise<void>,
  ): Promise<void>;
}

/** Where a statement stands in the text that the migration passed. */
interface ScriptPlace {
  readonly sql: string;
  readonly offset: number;
}

/**
 * The `db` of a migration: the run's own session behind a door that closes when the function has settled, so that a
 * forgotten `await` can neither outlive its transaction nor write into the next one.
 */
export class MigrationHandle implements MigrationDatabase {
  readonly dbType = 'postgresql' as const;
  private readonly inFlight = new Set<Promise<unknown>>();
  /** Of a migration without a transaction. */
  private readonly state = new SessionState();
  private closedBecause: MigratorError | undefined;
  /** A name that the server truncated in a statement that it carried out. */
  private truncated: TruncatedIdentifier | undefined;
  /** By table, quoted, until a statement of the migration may have changed them. */
  private readonly columnTypes = new Map<string, Promise<ColumnTypes>>();

  constructor(
    private readonly session: Session,
    private readonly policy: StatementPolicy,
  ) {}

  query<Row = Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    const called = calledFrom(this.query);
    if (!isPlainStatement(sql)) this.columnTypes.clear();
    return this.track(
      this.send<Row>(sql, params?.map(encodeUntyped))
        // Also behind it: a table that is read in the meantime is not the one it leaves.
        .finally(() => !isPlainStatement(sql) && this.columnTypes.clear())
        .catch(pointingAt(called)),
    );
  }

  script(sql: string): Promise<void> {
    const called = calledFrom(this.script);
    const site = scriptSite(this.script, this.policy.path);
    return this.track(
      this.sendScript(sql, site)
        .finally(() => this.columnTypes.clear())
        .catch(pointingAt(called)),
    );
  }

  insert<Row = Record<string, unknown>>(
    table: string,
    rows: ColumnValues | readonly ColumnValues[],
  ): Promise<Row[]> {
    const called = calledFrom(this.insert);
    const list = Array.isArray(rows) ? (rows as readonly ColumnValues[]) : [rows as ColumnValues];
    return this.track(this.insertRows<Row>(table, list).catch(pointingAt(called)));
  }

  select<Row = Record<string, unknown>>(table: string, where: ColumnValues = {}): Promise<Row[]> {
    const called = calledFrom(this.select);
    return this.track(
      this.typedFor(table, where)
        .then((typed) => this.rows<Row>(selectStatement(typed, where)))
        .catch(pointingAt(called)),
    );
  }

  update<Row = Record<string, unknown>>(
    table: string,
    values: ColumnValues,
    where: ColumnValues,
  ): Promise<Row[]> {
    const called = calledFrom(this.update);
    return this.track(
      this.typed(table)
        .then((typed) => this.rows<Row>(updateStatement(typed, values, where)))
        .catch(pointingAt(called)),
    );
  }

  delete<Row = Record<string, unknown>>(table: string, where: ColumnValues): Promise<Row[]> {
    const called = calledFrom(this.delete);
    return this.track(
      this.typedFor(table, where)
        .then((typed) => this.rows<Row>(deleteStatement(typed, where)))
        .catch(pointingAt(called)),
    );
  }

  /** Waits for queries that nobody awaited; the failure of one is the migration's failure. */
  async drain(): Promise<void> {
    while (this.inFlight.size > 0) {
      const settled = await Promise.allSettled([...this.inFlight]);
      const failed = settled.find((outcome) => outcome.status === 'rejected');
      if (failed) throw failed.reason;
    }
  }

  /**
   * To be called when the migration's function has settled: it may have caught the error.
   *
   * @throws {TruncatedIdentifier}
   */
  refuseTruncated(): void {
    if (this.truncated) throw this.truncated;
  }

  /** Shuts the door: later calls reject with `why`. */
  close(why: MigratorError): void {
    this.closedBecause ??= why;
  }

  private async insertRows<Row>(table: string, list: readonly ColumnValues[]): Promise<Row[]> {
    const inserted: Row[] = [];
    if (list.length === 0) return inserted;
    for (const statement of insertStatements(await this.typed(table), list)) {
      inserted.push(...(await this.rows<Row>(statement)));
    }
    return inserted;
  }

  private async rows<Row>({ sql, params }: Statement): Promise<Row[]> {
    return (await this.send<Row>(sql, params)).rows;
  }

  /** Without a look at the catalog where no condition depends on a column's type. */
  private async typedFor(table: string, where: ColumnValues): Promise<TypedTable> {
    const simple = (value: unknown) =>
      value === null || typeof value === 'number' || typeof value === 'boolean';
    if (Object.values(where).every(simple)) return { name: table, columns: new Map() };
    return this.typed(table);
  }

  private async typed(table: string): Promise<TypedTable> {
    this.refuseWhenClosed();
    const key = quoteTable(table);
    const reading = this.columnTypes.get(key) ?? readColumnTypes(this.session, key);
    this.columnTypes.set(key, reading);
    try {
      return { name: table, columns: await reading };
    } catch (error) {
      this.columnTypes.delete(key);
      throw error;
    }
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

  private send<Row>(
    sql: string,
    params?: readonly unknown[],
    script: ScriptPlace = { sql, offset: 0 },
  ): Promise<QueryResult<Row>> {
    const { policy } = this;
    if (policy.mode === 'transaction') return this.sendInTransaction<Row>(sql, params, script);
    return policy.inTurn(() => this.sendNow<Row>(policy, sql, params, script));
  }

  private async sendInTransaction<Row>(
    sql: string,
    params: readonly unknown[] | undefined,
    script: ScriptPlace,
  ): Promise<QueryResult<Row>> {
    this.refuseWhenClosed();
    await refuseCopyFromStdin(sql);
    await refuseTransactionControl(sql);
    const result = await this.transmit<Row>(sql, params, script);
    if (endsTransaction(result.command, this.session.transactionStatus)) {
      throw transactionControl(
        result.command,
        'What came before it may be committed: look at the schema.',
      );
    }
    return result;
  }

  /** Without a transaction, in the turn of the caller. */
  private async sendNow<Row>(
    policy: StatementsWithoutTransaction,
    sql: string,
    params: readonly unknown[] | undefined,
    script: ScriptPlace,
  ): Promise<QueryResult<Row>> {
    this.refuseWhenClosed();
    await refuseCopyFromStdin(sql);
    policy.noteSent(sql);
    const statements = params === undefined ? ((await tryParseSql(sql)) ?? []) : [];
    const [statement] = statements;
    if (statement) await policy.beforeStatement(statement);
    const result = await this.transmit<Row>(sql, params, script);
    this.state.note(sql, params, statements);
    return result;
  }

  private async transmit<Row>(
    sent: string,
    params: readonly unknown[] | undefined,
    script: ScriptPlace,
  ): Promise<QueryResult<Row>> {
    this.refuseWhenClosed();
    try {
      return await this.sendWatched<Row>(sent, params);
    } catch (error) {
      noteSentSql(error, { ...script, sent });
      throw error;
    }
  }

  /** Refuses names that the server would truncate: before the statement is sent, or as the server reports them. */
  private async sendWatched<Row>(
    sql: string,
    params: readonly unknown[] | undefined,
  ): Promise<QueryResult<Row>> {
    const { onNotice, acceptsTruncated } = this.policy;
    const { longestIdentifier } = this.session.server;
    const refused = truncatedIn(sql, longestIdentifier, acceptsTruncated);
    if (refused !== undefined) throw refused;
    let truncated: TruncatedIdentifier | undefined;
    const listener = (notice: ServerNotice) => {
      truncated ??= truncationOf(notice, sql, acceptsTruncated);
      onNotice(notice);
    };
    const result = await this.session.query<Row>(sql, params, { onNotice: listener });
    if (truncated === undefined) return result;
    this.truncated ??= truncated;
    throw truncated;
  }

  private async sendScript(sql: string, lines: string): Promise<void> {
    const { policy } = this;
    const parsed = await this.splitScript(sql);
    const site = stampSite(lines, this.state.stamp);
    const call = policy.progress.begin(site, scriptStatements(parsed));
    for (const [index, statement] of parsed.entries()) {
      const place = { sql, offset: statement.offset };
      const finished = index < call.finished;
      if (finished && !changesSession(statement)) continue;
      if (finished || policy.mode === 'transaction') {
        await this.send(statement.sql, undefined, place);
      } else {
        const record = call.record(index);
        await policy.inTurn(() => this.sendRecorded(policy, statement, record, place));
      }
    }
  }

  private async sendRecorded(
    policy: StatementsWithoutTransaction,
    statement: ParsedStatement,
    record: FinishedStatement,
    place: ScriptPlace,
  ): Promise<void> {
    this.refuseWhenClosed();
    policy.noteSent(statement.sql);
    await policy.beforeStatement(statement);
    await policy.sendRecorded(statement, record, async () => {
      await this.transmit(statement.sql, undefined, place);
      this.state.note(statement.sql, undefined, [statement]);
    });
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
