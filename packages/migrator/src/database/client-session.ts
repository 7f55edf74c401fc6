import type { PooledClient } from '../config/settings';
import { MigratorError } from '../errors';
import type {
  ConnectionTarget,
  QueryOptions,
  QueryResult,
  ServerFacts,
  Session,
  TransactionStatus,
} from './database';
import { isConnectionLost, noteFinishedStatements, sqlState } from './failure';
import type { SessionReset } from './session-settings';
import { listenToNotices, type NoticeListener } from './server-message';
import { OutputSettings } from './values/output-settings';
import { ValueQuery, ValueReader } from './values/value-reader';

/** The status byte of ReadyForQuery. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const STATUS: Record<string, TransactionStatus> = { I: 'idle', T: 'open', E: 'failed' };

/** What differs from driver to driver in a session over a `pg` client. */
export interface ClientSessionParts {
  readonly client: Omit<PooledClient, 'release'>;
  readonly target: ConnectionTarget;
  readonly server: ServerFacts;
  readonly reset: SessionReset;
  /** Asks the server to cancel what the backend runs. */
  readonly cancel: () => Promise<void>;
  /** Ends the connection, or gives it back; `broken` where it must not be used again. */
  readonly release: (state: 'usable' | 'broken') => Promise<void>;
  /** Runs before each query. */
  readonly prepare?: (sql: string) => Promise<void>;
  /** Replaces an error of the server by one that says more. */
  readonly explain?: (error: unknown) => unknown;
}

/** A {@link Session} over one `pg` client, which PGlite can be the other end of, too. */
export class ClientSession implements Session {
  readonly target: ConnectionTarget;
  readonly server: ServerFacts;
  private state: 'open' | 'lost' | 'closed' = 'open';
  private last: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | undefined;
  /** Statements of the present query that the server has finished. */
  private finished = 0;
  private readonly countFinished = () => {
    this.finished += 1;
  };
  /** Of the present query. */
  private onNotice: NoticeListener | undefined;
  private readonly stopListening: (() => void) | undefined;
  private readonly settings = new OutputSettings('heard');
  private readonly reader = new ValueReader(this.settings, (query) =>
    this.parts.client.query(query),
  );
  private readonly onStatus: StatusListener = ({ parameterName, parameterValue }) =>
    this.settings.report(parameterName, parameterValue);
  private readonly lose = () => {
    if (this.state === 'open') this.state = 'lost';
  };

  constructor(private readonly parts: ClientSessionParts) {
    this.target = parts.target;
    this.server = parts.server;
    // Without a listener, an error between two queries would end the process.
    parts.client.on('error', this.lose);
    parts.client.on('end', this.lose);
    this.stopListening = listenToNotices(parts.client, (notice) => this.onNotice?.(notice));
    protocolOf(parts.client)?.on('commandComplete', this.countFinished);
    protocolOf(parts.client)?.on('parameterStatus', this.onStatus);
  }

  get closed(): boolean {
    return this.state !== 'open';
  }

  get transactionStatus(): TransactionStatus {
    const { client } = this.parts;
    // The application's `pg` may be older than this method.
    const { getTransactionStatus, readyForQuery } = client as {
      readonly getTransactionStatus?: () => unknown;
      readonly readyForQuery?: boolean;
    };
    // `pg` rejects a query as soon as its error arrives, a moment before the new state does.
    if (readyForQuery === false) return 'unknown';
    return STATUS[String(getTransactionStatus?.call(client))] ?? 'unknown';
  }

  get restoreSql(): string {
    return this.parts.reset.restoreSql;
  }

  get asLoginSql(): string {
    return this.parts.reset.asLoginSql;
  }

  async query<Row = Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<QueryResult<Row>> {
    const results = await this.enqueue<Row>(sql, params, options);
    // Of several statements the last one counts.
    return results.at(-1) ?? { rows: [], rowCount: 0, command: '' };
  }

  batch(sql: string): Promise<QueryResult<Record<string, unknown>>[]> {
    return this.enqueue(sql, undefined);
  }

  private enqueue<Row>(
    sql: string,
    params: readonly unknown[] | undefined,
    options?: QueryOptions,
  ): Promise<QueryResult<Row>[]> {
    // One after the other: `pg` is about to give up its own queue, and PGlite has none.
    const result = this.last.then(() => this.send<Row>(sql, params, options));
    this.last = result.catch(() => undefined);
    return result;
  }

  async cancel(): Promise<void> {
    if (this.closed) return;
    await this.parts.cancel();
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    const { client, release } = this.parts;
    const usable = this.state === 'open';
    this.state = 'closed';
    await release(usable ? 'usable' : 'broken').catch(() => undefined);
    client.off('error', this.lose);
    client.off('end', this.lose);
    this.stopListening?.();
    protocolOf(client)?.off('commandComplete', this.countFinished);
    protocolOf(client)?.off('parameterStatus', this.onStatus);
  }

  private async send<Row>(
    sql: string,
    params: readonly unknown[] | undefined,
    options: QueryOptions | undefined,
  ): Promise<QueryResult<Row>[]> {
    const { client, prepare, explain } = this.parts;
    if (this.closed) throw this.lost(undefined);
    try {
      await prepare?.(sql);
      this.settings.beforeStatement(sql, params ?? []);
      this.finished = 0;
      this.onNotice = options?.onNotice;
      const query = new ValueQuery(sql, params);
      return await this.reader.read<Row>(query, await client.query(query));
    } catch (error) {
      if (isConnectionLost(error)) this.lose();
      if (protocolOf(client)) noteFinishedStatements(error, this.finished);
      // `closed` may have changed while we waited.
      const gone = this.closed && sqlState(error) === undefined;
      throw gone ? this.lost(error) : (explain?.(error) ?? error);
    } finally {
      this.onNotice = undefined;
    }
  }

  private lost(cause: unknown): MigratorError {
    const { database, host } = this.target;
    return new MigratorError(
      'CONNECTION_LOST',
      this.state === 'closed'
        ? `The session on ${database} is closed.`
        : `The connection to ${database} on ${host} is gone.`,
      { cause },
    );
  }
}

type StatusListener = (message: {
  readonly parameterName: string;
  readonly parameterValue: string;
}) => void;

interface Protocol {
  on(event: 'commandComplete', listener: () => void): unknown;
  on(event: 'parameterStatus', listener: StatusListener): unknown;
  off(event: 'commandComplete', listener: () => void): unknown;
  off(event: 'parameterStatus', listener: StatusListener): unknown;
}

/** The messages of the server, where the client shows them: `pg` does, its native variant and wrappers do not. */
function protocolOf(client: object): Protocol | undefined {
  const { connection } = client as { readonly connection?: Partial<Protocol> };
  const { on, off } = connection ?? {};
  return typeof on === 'function' && typeof off === 'function'
    ? (connection as Protocol)
    : undefined;
}
