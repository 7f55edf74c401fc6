import type { DatabaseService } from '../config/settings';
import { MigratorError } from '../errors';
import type {
  ConnectionTarget,
  Database,
  OpenOptions,
  QueryResult,
  ServerFacts,
  Session,
} from './database';
import {
  READ_FACTS,
  sessionSettings,
  setSettings,
  toServerFacts,
  type FactsRow,
} from './session-settings';

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
    const settings = sessionSettings(options);
    const facts = await this.probe();
    const names = Object.keys(settings).map(
      (name) => `pg_catalog.current_setting('${name}') AS "${name}"`,
    );
    const [before] = await this.rows<Record<string, string>>(`SELECT ${names.join(', ')}`);
    const { sql, params } = setSettings(settings);
    await this.rows(sql, params);
    return new ServiceSession(this.service, toServerFacts(facts), before ?? {});
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

class ServiceSession implements Session {
  readonly target = TARGET;
  closed = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly service: DatabaseService,
    readonly server: ServerFacts,
    private readonly settingsBefore: Record<string, string>,
  ) {}

  query<Row = Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    const result = this.last.then(() => this.send<Row>(sql, params));
    this.last = result.catch(() => undefined);
    return result;
  }

  /** Nothing to be done: a second query would wait behind the first one. */
  async cancel(): Promise<void> {}

  async close(): Promise<void> {
    if (this.closed) return;
    await this.last;
    this.closed = true;
    try {
      await this.service.query('ROLLBACK');
      await this.service.query('SELECT pg_catalog.pg_advisory_unlock_all()');
      const { sql, params } = setSettings(this.settingsBefore);
      await this.service.query(sql, params);
    } catch {
      // The application's connection is gone, and the lock with it.
    }
  }

  private async send<Row>(sql: string, params?: readonly unknown[]): Promise<QueryResult<Row>> {
    if (this.closed) throw new MigratorError('CONNECTION_LOST', 'The session is closed.');
    if (/^\s*COMMIT\s*;?\s*$/i.test(sql)) return this.commit();
    const result = lastOf(await this.service.query(sql, params));
    if (/^\s*(?:BEGIN|START\s+TRANSACTION)\b/i.test(sql)) await this.checkBackend();
    return {
      rows: result.rows as Row[],
      rowCount: result.rowCount ?? result.rows.length,
      command: result.command ?? /^\s*([a-z]+)/i.exec(sql)?.[1]?.toUpperCase() ?? '',
    };
  }

  /** A service need not tell that COMMIT ended in a rollback; any statement before it does (25P02). */
  private async commit<Row>(): Promise<QueryResult<Row>> {
    try {
      await this.checkBackend();
    } catch (error) {
      await this.service.query('ROLLBACK');
      if (error instanceof MigratorError) throw error;
      return { rows: [], rowCount: 0, command: 'ROLLBACK' };
    }
    const { command = 'COMMIT' } = await this.service.query('COMMIT');
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

/** Several statements at once are answered with a list of results by `pg`; the last one counts. */
function lastOf<Result>(answer: Result | readonly Result[]): Result {
  return Array.isArray(answer) ? (answer.at(-1) as Result) : (answer as Result);
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
