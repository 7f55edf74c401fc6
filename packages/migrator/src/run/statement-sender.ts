import type { Session } from '../database/database';
import type { NoticeListener, ServerNotice } from '../database/server-message';
import type { MigratorError } from '../errors';
import type { FinishedStatement } from '../history/entry';
import type { QueryResult } from '../migration/types';
import { refuseCopyFromStdin } from './copy-from-stdin';
import { noteSentSql } from './failed-statement';
import { parseSql, tryParseSql, type ParsedStatement } from './parse-sql';
import type { ScriptProgress } from './script-progress';
import { stampSite } from './script-site';
import { scriptStatements } from './script-statement';
import { SessionState } from './session-state';
import { changesSession } from './statement-footing';
import { truncatedIn, truncationOf, type TruncatedIdentifier } from './truncated-identifier';
import {
  endsTransaction,
  refuseTransactionControl,
  transactionControl,
} from './transaction-control';

/** What happens around the statements of a migration. */
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
 * Sends the statements of one function of a migration, until it is closed: a forgotten `await` can neither outlive its
 * transaction nor write into the next one.
 */
export class StatementSender {
  /** Of a migration without a transaction. */
  private readonly state = new SessionState();
  private closedBecause: MigratorError | undefined;
  /** A name that the server truncated in a statement that it carried out. */
  private truncated: TruncatedIdentifier | undefined;

  constructor(
    private readonly session: Session,
    private readonly policy: StatementPolicy,
  ) {}

  /** Sends one text of SQL, with parameters or without. */
  send<Row>(
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

  /**
   * Sends the statements of a script one by one, without those that an earlier attempt has finished.
   *
   * @param lines where the script was called
   */
  async sendScript(sql: string, lines: string): Promise<void> {
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

  /** @throws {TruncatedIdentifier} of a statement that was carried out */
  refuseTruncated(): void {
    if (this.truncated) throw this.truncated;
  }

  /** Later statements are refused with `why`. */
  close(why: MigratorError): void {
    this.closedBecause ??= why;
  }

  /** @throws {MigratorError} why it was closed */
  refuseWhenClosed(): void {
    if (this.closedBecause) throw this.closedBecause;
  }
}
