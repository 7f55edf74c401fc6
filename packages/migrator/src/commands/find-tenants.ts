import type { TenantSource } from '../config/config';
import { resemblesConnection } from '../config/connection-text';
import type { Connection, Settings } from '../config/settings';
import { createDatabase } from '../database/create-database';
import type { ConnectionTarget, Session } from '../database/database';
import { quoteIdentifier } from '../database/identifier';
import { redact } from '../text/redact';
import { describeThrown, MigratorError, type Problem } from '../errors';
import type { History } from '../history/history';
import { isErrorLike, isMigratorError } from '../report/error-shape';
import { cancellation } from '../run/call-migration';
import { withExitGuard } from '../source/guard-exit';
import {
  databaseOptions,
  openOptions,
  type CommandContext,
  type ProjectDatabase,
} from './project-database';
import { tenantSettings } from './tenant-settings';
import { serverName } from '../text/server-name';

/** One tenant: its name, fit to be printed, and the settings to work on it with. */
export interface Tenant {
  readonly name: string;
  readonly settings: Settings;
}

const URL = /^(postgres(ql)?:\/\/|pglite:)/i;
/** `$user` stands for the user's own schema in a search path, quoted or not. */
const RESERVED = /^(pg_.*|information_schema|\$user)$/;

/**
 * Asks the environment for its tenants, on a read-only session that is opened when the first query wants it.
 *
 * @param open a history of the same database on a session that is open: queries run on that session, in a read-only transaction
 * @returns the tenants in the order in which they were named
 * @throws {MigratorError} `UNKNOWN_TENANT` when the environment has no `tenants`; `INVALID_TENANTS`, `INVALID_NAME`,
 *   `IDENTIFIER_TOO_LONG`, `INVALID_CONNECTION` with every bad element in `problems`; `INVALID_TENANTS` also when they are
 *   not named in time; `CANCELLED`, `PROCESS_EXIT`; what connecting throws
 */
export async function findTenants(project: ProjectDatabase, open?: History): Promise<Tenant[]> {
  const { settings } = project.context;
  const where = `environments.${settings.environment}.tenants`;
  const given = await ask(project, where, open);
  if (!Array.isArray(given)) {
    throw new MigratorError('INVALID_TENANTS', `${where} did not give a list of names.`, {
      where: settings.configPath ?? where,
      hint: 'Give an array of schema names or urls, e.g. rows.map((row) => row.schema_name).',
    });
  }
  const tenants: Tenant[] = [];
  const problems: Problem[] = [];
  for (const [index, element] of (given as unknown[]).entries()) {
    try {
      tenants.push(await toTenant(project.context, element, index));
    } catch (error) {
      if (!isMigratorError(error)) throw error;
      problems.push(...error.problems.map((problem) => ({ ...problem, where })));
    }
  }
  problems.push(...duplicates(tenants, where));
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
  return chosenOf(tenants, settings.chosenTenants, where);
}

/** @throws {MigratorError} `UNKNOWN_TENANT` if a chosen tenant is gone since it was chosen */
function chosenOf(
  tenants: readonly Tenant[],
  chosen: readonly string[] | undefined,
  where: string,
): Tenant[] {
  if (chosen === undefined) return [...tenants];
  const known = new Set(tenants.map(({ name }) => name));
  const gone = chosen.filter((name) => !known.has(name));
  if (gone.length > 0) {
    throw new MigratorError('UNKNOWN_TENANT', `${where} no longer names ${gone.join(', ')}.`, {
      where,
      hint: 'Run the command again: it asks for the tenants again.',
    });
  }
  return tenants.filter(({ name }) => chosen.includes(name));
}

async function ask(
  { context, database }: ProjectDatabase,
  where: string,
  open: History | undefined,
): Promise<unknown> {
  const { settings } = context;
  if (settings.tenants === undefined) {
    throw new MigratorError('UNKNOWN_TENANT', `${settings.environment} has no tenants.`, {
      where: settings.configPath ?? where,
      hint: 'Add `tenants` to the environment: a function that gives their schemas or urls.',
    });
  }
  let session: Promise<Pick<Session, 'query' | 'close'>> | undefined;
  const source: TenantSource = {
    async query<Row>(sql: string, params?: readonly unknown[]) {
      session ??= openExisting();
      const { rows } = await (await session).query<Row>(sql, params);
      return { rows };
    },
  };
  const openExisting = async () => {
    if (open !== undefined) return open.beginReading(settings.searchPath);
    if (await database.exists()) return database.open(openOptions(settings, 'read-only'));
    throw new MigratorError('CONNECTION_FAILED', `${where}: this database does not exist yet.`, {
      hint: 'Looking creates nothing: migrate the project that makes the table of tenants first.',
    });
  };
  const { tenants } = settings;
  try {
    return await inTime(context, where, () => withExitGuard(() => tenants(source)));
  } catch (error) {
    if (isMigratorError(error)) throw error;
    const reason = redact(isErrorLike(error) ? error.message : describeThrown(error));
    throw new MigratorError('INVALID_TENANTS', `${where} failed: ${reason}`, {
      where: settings.configPath ?? where,
      hint: 'Mend the function; it is given a read-only session of this database.',
      cause: error,
    });
  } finally {
    const opened = await session?.catch(() => undefined);
    await opened?.close();
  }
}

/**
 * Waits no longer than for a module to load, and not at all once the command is cancelled. The clock runs also because nothing
 * else may keep the process alive: it would end with a promise that never settles, as if all was done.
 *
 * @throws {MigratorError} `INVALID_TENANTS`, `CANCELLED`; what the function throws
 */
async function inTime<T>(
  { settings, signal }: CommandContext,
  where: string,
  body: () => T | Promise<T>,
): Promise<T> {
  const { loadTimeoutMs, configPath } = settings;
  return new Promise((resolve, reject) => {
    const cancel = () => reject(cancellation());
    if (signal.aborted) return cancel();
    const timer = setTimeout(() => {
      const message = `${where} gave no answer within ${loadTimeoutMs} ms.`;
      const hint = 'Every promise in it must settle. For a longer list, raise loadTimeout.';
      reject(new MigratorError('INVALID_TENANTS', message, { where: configPath ?? where, hint }));
    }, loadTimeoutMs);
    signal.addEventListener('abort', cancel, { once: true });
    Promise.resolve()
      .then(body)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        signal.removeEventListener('abort', cancel);
      });
  });
}

/** @throws {MigratorError} what is wrong with the element */
async function toTenant(context: CommandContext, element: unknown, index: number): Promise<Tenant> {
  const { settings } = context;
  if (typeof element !== 'string') {
    throw new MigratorError('INVALID_TENANTS', `Tenant ${index + 1} is not a string.`, {
      hint: 'Return names, not rows: rows.map((row) => row.schema_name).',
    });
  }
  if (URL.test(element)) {
    const source = `tenant ${index + 1}`;
    const connection: Connection = { kind: 'url', url: element, source };
    const { target } = await createDatabase(connection, databaseOptions(context));
    const name = nameOf(target);
    return { name, settings: tenantSettings(settings, connection, settings.schema, name) };
  }
  // Before any check whose message shows the name: it may hold a password.
  if (resemblesConnection(element)) throw resemblesUrl(index);
  quoteIdentifier(element);
  if (RESERVED.test(element)) {
    throw new MigratorError('INVALID_NAME', `The name ${element} belongs to Postgres itself.`, {
      hint: 'Leave it out of the list of tenants.',
    });
  }
  return {
    name: element,
    settings: tenantSettings(settings, settings.connection, element, element),
  };
}

/** Never creates a schema for a mistyped URL, and never shows it. */
function resemblesUrl(index: number): MigratorError {
  return new MigratorError(
    'INVALID_TENANTS',
    `Tenant ${index + 1} resembles a URL or connection string, but does not begin with postgres:// or pglite:.`,
    {
      hint: 'If the tenant is a database of its own, write postgres://user@host:5432/database without blanks before it. If it is a schema, its name cannot contain "/", ":", "@" or "=".',
    },
  );
}

/** Never the url itself, which may hold a password. */
function nameOf(target: ConnectionTarget): string {
  if (target.driver === 'pglite') return `pglite:${target.database}`;
  return `${serverName(target)}/${target.database}`;
}

function duplicates(tenants: readonly Tenant[], where: string): Problem[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of tenants) {
    if (seen.has(name)) twice.add(name);
    seen.add(name);
  }
  return [...twice].map((name) => ({
    code: 'INVALID_TENANTS' as const,
    message: `The tenant ${name} is named more than once.`,
    hint: 'Name every tenant once, e.g. with SELECT DISTINCT.',
    where,
  }));
}
