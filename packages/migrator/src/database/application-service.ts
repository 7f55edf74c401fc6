import type { DatabaseService } from '../config/settings';
import { MigratorError } from '../errors';
import {
  applicationReset,
  parseApplicationState,
  READ_APPLICATION_STATE,
  restoreApplicationSql,
  type ApplicationState,
} from './application-state';
import type {
  ConnectionTarget,
  Database,
  OpenOptions,
  QueryOptions,
  QueryResult,
  ServerFacts,
  Session,
  TransactionStatus,
} from './database';
import { refuseReadOnly } from './read-only-server';
import { listenToNotices, type NoticeListener } from './server-message';
import {
  newerSettings,
  READ_FACTS,
  sessionSettings,
  setSettings,
  toServerFacts,
  type FactsRow,
} from './session-settings';
import { statusAfter } from './transaction-tags';
import { OutputSettings } from './values/output-settings';
import { ValueQuery, ValueReader } from './values/value-reader';

/** How many queries are sent at once to see whether they share a connection. */
const PROBES = 4;

/** Long enough that a pool has to take another connection for the next query. */
const PROBE = 'SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.pg_sleep(0.02)';

const TARGET: ConnectionTarget = {
  driver: 'postgres',
  host: 'application',
  port: undefined,
  database: 'application',
  user: undefined,
  source: 'application',
};

/**
 * An object of the application with `query(sql, params)`, like FlashFusion's `UnifiedDatabaseService`. Used only if it proves to
 * run everything on one connection: the lock, the transaction and the history have to be in one session.
 */
export class ServiceDatabase implements Database {
  readonly target = TARGET;

  constructor(private readonly service: DatabaseService) {}

  async exists(): Promise<boolean> {
    return true;
  }

  async open(options: OpenOptions): Promise<Session> {
    const facts = await this.probe();
    refuseReadOnly(facts, options, TARGET);
    const [row] = await this.rows<{ state: string }>(READ_APPLICATION_STATE);
    if (row === undefined) throw new Error('The service answered without a row.');
    const locks = await this.rows<AdvisoryLock>(OWN_LOCKS);
    const settings = { ...sessionSettings(options), ...newerSettings(facts.version) };
    const session = new ServiceSession(this.service, {
      server: toServerFacts(facts),
      state: parseApplicationState(row.state),
      settings,
      locks,
      statements: (await this.takesQueries()) ? 'as query' : 'as text',
    });
    await this.rows(setSettings(settings));
    return session;
  }

  /**
   * Whether the service hands its first argument to `pg` as it is: then `pg` can be told, query by query, to leave values as
   * text, and they are read exactly. A service that does anything else with it gets plain text.
   */
  private async takesQueries(): Promise<boolean> {
    const query = new ValueQuery("SELECT '1'::pg_catalog.int4 AS one", undefined);
    try {
      const [row] = (await this.service.query(query as unknown as string)).rows;
      return query.isRaw && (row as { one?: unknown } | undefined)?.one === '1';
    } catch {
      return false;
    }
  }

  private async probe(): Promise<FactsRow> {
    const probes = await Promise.all(
      Array.from({ length: PROBES }, () => this.rows<{ pid: number }>(PROBE)),
    );
    const [facts] = await this.rows<FactsRow>(READ_FACTS);
    const pids = new Set(probes.map(([row]) => Number(row?.pid)));
    if (facts === undefined || pids.size !== 1 || !pids.has(Number(facts.pid)))
      throw severalBackends();
    return facts;
  }

  private async rows<Row>(sql: string, params?: readonly unknown[]): Promise<Row[]> {
    return (await this.service.query(sql, params)).rows as Row[];
  }
}

/** An advisory lock of this session, as `pg_locks` shows it. */
interface AdvisoryLock {
  readonly lock: string;
  /** The call that frees it. */
  readonly unlock: string;
}

/** How often one lock is freed at most. */
const MOST_UNLOCKS = 100;

const OWN_LOCKS = `SELECT pg_catalog.concat_ws(' ', classid, objid, objsubid, mode) AS lock,
    pg_catalog.format('pg_catalog.pg_advisory_unlock%s(%s)',
      CASE WHEN mode = 'ShareLock' THEN '_shared' END,
      CASE WHEN objsubid = 1 THEN ((classid::bigint << 32) | objid::bigint)::text
           ELSE pg_catalog.concat_ws(', ', classid::bigint::bit(32)::integer, objid::bigint::bit(32)::integer) END) AS unlock
  FROM pg_catalog.pg_locks
  WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid()
    AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`;

/** What a session of the application was like before the run. */
interface ServiceSessionParts {
  readonly server: ServerFacts;
  readonly state: ApplicationState;
  /** The runner's own. */
  readonly settings: Record<string, string>;
  readonly locks: readonly AdvisoryLock[];
  /** What the service gets: the query of `pg`, or its text. */
  readonly statements: 'as query' | 'as text';
}

class ServiceSession implements Session {
  readonly target = TARGET;
  readonly server: ServerFacts;
  readonly restoreSql: string;
  readonly asLoginSql: string;
  closed = false;
  transactionStatus: TransactionStatus = 'idle';
  private last: Promise<unknown> = Promise.resolve();
  /** Of the present query. */
  private onNotice: NoticeListener | undefined;
  private readonly stopListening: (() => void) | undefined;
  private readonly settings = new OutputSettings('not heard');
  private readonly reader = new ValueReader(this.settings, (query) => this.pass(query));

  constructor(
    private readonly service: DatabaseService,
    private readonly parts: ServiceSessionParts,
  ) {
    const { restoreSql, asLoginSql } = applicationReset(parts.state, parts.settings);
    this.server = parts.server;
    // A `pg` client that is handed over as a service has events.
    this.stopListening = listenToNotices(service, (notice) => this.onNotice?.(notice));
    this.restoreSql = restoreSql;
    this.asLoginSql = asLoginSql;
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

  /** Nothing to be done: a second query would wait behind the first one. */
  async cancel(): Promise<void> {}

  async close(): Promise<void> {
    if (this.closed) return;
    await this.last;
    this.closed = true;
    this.stopListening?.();
    try {
      await this.service.query('ROLLBACK');
      await this.freeLocks();
      await this.service.query(restoreApplicationSql(this.parts.state));
    } catch {
      // The application's connection is gone, and the lock with it.
    }
  }

  /** Frees every lock that the application did not have before. One that was taken several times needs as many calls. */
  private async freeLocks(): Promise<void> {
    const before = new Set(this.parts.locks.map(({ lock }) => lock));
    for (let calls = 0; calls < MOST_UNLOCKS; calls += 1) {
      const { rows } = await this.service.query(OWN_LOCKS);
      const taken = (rows as AdvisoryLock[]).filter(({ lock }) => !before.has(lock));
      if (taken.length === 0) return;
      await this.service.query(`SELECT ${taken.map(({ unlock }) => unlock).join(', ')}`);
    }
  }

  private enqueue<Row>(
    sql: string,
    params: readonly unknown[] | undefined,
    options?: QueryOptions,
  ): Promise<QueryResult<Row>[]> {
    const results = this.last.then(async () => {
      this.onNotice = options?.onNotice;
      try {
        return await this.send<Row>(sql, params);
      } finally {
        this.onNotice = undefined;
      }
    });
    this.last = results.catch(() => undefined);
    return results;
  }

  private async send<Row>(
    sql: string,
    params: readonly unknown[] | undefined,
  ): Promise<QueryResult<Row>[]> {
    if (this.closed) throw new MigratorError('CONNECTION_LOST', 'The session is closed.');
    if (/^\s*COMMIT\s*;?\s*$/i.test(sql)) return [await this.commit()];
    // Not after it: a query in a new transaction would keep SET TRANSACTION from being the first statement.
    if (/^\s*(?:BEGIN|START\s+TRANSACTION)\b[^;]*;?\s*$/i.test(sql)) await this.checkBackend();
    this.settings.beforeStatement(sql, params ?? []);
    const query = new ValueQuery(sql, params);
    try {
      const results = await this.reader.read<Row>(query, await this.pass(query));
      const tags = results.map(({ command }) => command);
      const told = results.length > 1 || !/;\s*\S/.test(sql);
      this.transactionStatus = told ? statusAfter(this.transactionStatus, sql, tags) : 'unknown';
      return results;
    } catch (error) {
      if (this.transactionStatus !== 'idle' || /;\s*\S/.test(sql))
        this.transactionStatus = 'unknown';
      throw error;
    }
  }

  private pass(query: ValueQuery): Promise<unknown> {
    const asText = this.parts.statements === 'as text';
    return asText
      ? this.service.query(query.text, query.values)
      : this.service.query(query as unknown as string, query.values);
  }

  /** A service need not tell that COMMIT ended in a rollback; any statement before it does (25P02). */
  private async commit<Row>(): Promise<QueryResult<Row>> {
    try {
      await this.checkBackend();
    } catch (error) {
      await this.service.query('ROLLBACK');
      this.transactionStatus = 'idle';
      if (error instanceof MigratorError) throw error;
      return { rows: [], rowCount: 0, command: 'ROLLBACK' };
    }
    const { command = 'COMMIT' } = await this.service.query('COMMIT');
    this.transactionStatus = 'idle';
    return { rows: [], rowCount: 0, command };
  }

  /** The application may get a new connection under its hands: nothing more goes over that one. */
  private async checkBackend(): Promise<void> {
    const { rows } = await this.service.query('SELECT pg_catalog.pg_backend_pid() AS pid');
    const [row] = rows as { pid: number }[];
    if (Number(row?.pid) === this.server.backendPid) return;
    await this.service.query('ROLLBACK');
    throw severalBackends();
  }
}

function severalBackends(): MigratorError {
  return new MigratorError(
    'POOLED_CONNECTION',
    "The application's database service spreads its queries over several connections: lock, transaction and history would not be in one session.",
    {
      where: 'application',
      hint: 'Pass the `pg` pool itself (one client of it is taken for the whole run), a service on a single client, or a url.',
    },
  );
}
