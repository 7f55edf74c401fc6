import { MigratorError } from '../errors';
import { connectionFailed } from './connection-error';
import type { ConnectionTarget, OpenOptions } from './database';
import { sqlState } from './failure';
import type { PostgresAddress, SessionAttributes } from './postgres-url';
import type { FactsRow } from './session-settings';
import { serverName } from '../text/server-name';

/** What a server must be. That a session which writes needs a server that can be written to is checked for every session. */
export type ServerRole = 'any' | 'primary' | 'standby';

/** What reading needs: roles in the order in which they are looked for, each on all servers. */
const READING: Readonly<Record<SessionAttributes, readonly ServerRole[]>> = {
  any: ['any'],
  'read-write': ['primary'],
  primary: ['primary'],
  'read-only': ['standby'],
  standby: ['standby'],
  'prefer-standby': ['standby', 'any'],
};

/**
 * Opens a session on the first server of a url that can be reached and is what `target_session_attrs` asks for. A session that
 * writes goes to the first server that accepts writes. As with libpq, a server that refuses the sign-in ends the search.
 *
 * @param open opens a session on one server
 * @throws {MigratorError} that of the only server; for several, `READ_ONLY_SERVER` or `CONNECTION_FAILED` with the reason of each
 */
export async function onFirstServer<T>(
  address: PostgresAddress,
  access: OpenOptions['access'],
  open: (server: PostgresAddress, role: ServerRole) => Promise<T>,
): Promise<T> {
  const { wanted, source } = address;
  if (access === 'read-write' && (wanted === 'standby' || wanted === 'read-only')) {
    throw new MigratorError(
      'READ_ONLY_SERVER',
      `The database url (from ${source}) says target_session_attrs=${wanted}, and this command writes. Nothing was changed.`,
      {
        hint: 'Use a url of the primary server, or target_session_attrs=read-write.',
        where: source,
      },
    );
  }
  const roles = access === 'read-write' ? (['any'] as const) : READING[wanted];
  const servers = serversOf(address);
  const failures: MigratorError[] = [];
  for (const role of roles) {
    for (const server of servers) {
      try {
        return await open(server, role);
      } catch (error) {
        const failure = connectionFailed(error, server);
        if (!isWorthTheNext(error)) throw failure;
        failures.push(failure);
      }
    }
  }
  throw summary(failures.slice(-servers.length), address);
}

/** Each server of a url as an address of its own, in the order in which they are tried. */
function serversOf(address: PostgresAddress): readonly PostgresAddress[] {
  const servers = [address, ...address.others.map((server) => ({ ...address, ...server }))];
  if (address.hostOrder === 'as-written') return servers;
  const keyed = servers.map((server) => ({ server, key: Math.random() }));
  return keyed.sort((left, right) => left.key - right.key).map(({ server }) => server);
}

/** Where a url leads, before it is known which of its servers is used. */
export function targetOf(address: PostgresAddress): ConnectionTarget {
  const { port, others, database, user, source } = address;
  const host = serverName({ host: address.host });
  const target = { driver: 'postgres', host, port, database, user, source } as const;
  if (others.length === 0) return target;
  const hosts = [address, ...others].map(serverName).join(',');
  return { ...target, host: hosts, port: undefined };
}

/** A server that can be reached but is not what the url asks for. */
class OtherRole extends MigratorError {}

/** @throws {MigratorError} `READ_ONLY_SERVER` or `CONNECTION_FAILED` if the server is not what the url asks for */
export function refuseOtherRole(facts: FactsRow, role: ServerRole, address: PostgresAddress): void {
  const { source, wanted } = address;
  const standby = facts.standby === 'true';
  if (role === 'any' || (role === 'standby') === standby) return;
  throw new OtherRole(
    standby ? 'READ_ONLY_SERVER' : 'CONNECTION_FAILED',
    `${serverName(address)} is ${standby ? 'a standby' : 'a primary'}, and the url (from ${source}) says target_session_attrs=${wanted}.`,
    { hint: 'Correct the hosts or target_session_attrs in the url.', where: source },
  );
}

/** Whether another server may do: this one is not reached, starts or stops, or is not what is needed. */
function isWorthTheNext(error: unknown): boolean {
  if (error instanceof MigratorError) {
    return error.code === 'READ_ONLY_SERVER' || error instanceof OtherRole;
  }
  const state = sqlState(error);
  return state === undefined || /^57P0[123]$/.test(state);
}

function summary(failures: readonly MigratorError[], { source }: PostgresAddress): MigratorError {
  const [first, ...rest] = failures;
  if (first !== undefined && rest.length === 0) return first;
  const readOnly = failures.find(({ code }) => code === 'READ_ONLY_SERVER');
  const { code, hint } = readOnly ?? first ?? { code: 'CONNECTION_FAILED' as const, hint: '' };
  const reasons = failures.map(({ message }) => `- ${message}`).join('\n');
  return new MigratorError(
    code,
    `None of the ${failures.length} servers of the database url (from ${source}) can be used:\n${reasons}`,
    { hint, where: source, cause: first?.cause },
  );
}
