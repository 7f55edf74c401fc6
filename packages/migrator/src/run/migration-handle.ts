import type { Session } from '../database/database';
import { isPlainStatement } from '../database/plain-statement';
import type { MigratorError } from '../errors';
import type { ColumnValues, MigrationDatabase, QueryResult } from '../migration/types';
import { calledFrom, pointingAt } from './call-site';
import { readColumnTypes, type ColumnTypes } from './column-types';
import { encodeUntyped } from './encode-value';
import {
  deleteStatement,
  insertStatements,
  quoteTable,
  selectStatement,
  updateStatement,
  type Statement,
  type TypedTable,
} from './row-statements';
import { scriptSite } from './script-site';
import { StatementSender, type StatementPolicy } from './statement-sender';

/** The `db` of a migration: the session of the run, until the function has settled. */
export class MigrationHandle implements MigrationDatabase {
  readonly dbType = 'postgresql' as const;
  private readonly path: string;
  private readonly sender: StatementSender;
  private readonly inFlight = new Set<Promise<unknown>>();
  /** By table, quoted, until a statement of the migration may have changed them. */
  private readonly columnTypes = new Map<string, Promise<ColumnTypes>>();

  constructor(
    private readonly session: Session,
    policy: StatementPolicy,
  ) {
    this.path = policy.path;
    this.sender = new StatementSender(session, policy);
  }

  query<Row = Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    const called = calledFrom(this.query);
    if (!isPlainStatement(sql)) this.columnTypes.clear();
    return this.track(
      this.sender
        .send<Row>(sql, params?.map(encodeUntyped))
        // Also behind it: a table that is read in the meantime is not the one it leaves.
        .finally(() => !isPlainStatement(sql) && this.columnTypes.clear())
        .catch(pointingAt(called)),
    );
  }

  script(sql: string): Promise<void> {
    const called = calledFrom(this.script);
    const site = scriptSite(this.script, this.path);
    return this.track(
      this.sender
        .sendScript(sql, site)
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
    this.sender.refuseTruncated();
  }

  /** Later calls reject with `why`. */
  close(why: MigratorError): void {
    this.sender.close(why);
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
    return (await this.sender.send<Row>(sql, params)).rows;
  }

  /** Without a look at the catalog where no condition depends on a column's type. */
  private async typedFor(table: string, where: ColumnValues): Promise<TypedTable> {
    const simple = (value: unknown) =>
      value === null || typeof value === 'number' || typeof value === 'boolean';
    if (Object.values(where).every(simple)) return { name: table, columns: new Map() };
    return this.typed(table);
  }

  private async typed(table: string): Promise<TypedTable> {
    this.sender.refuseWhenClosed();
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
}
