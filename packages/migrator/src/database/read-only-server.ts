import { MigratorError } from '../errors';
import type { ConnectionTarget, OpenOptions } from './database';
import { quoteIdentifier } from './identifier';
import type { FactsRow } from './session-settings';
import { serverName } from '../text/server-name';

/** Why a new session cannot write; `undefined` if it can. */
export type ReadOnlyReason = 'standby' | 'setting' | undefined;

/** What a server's facts say about writing. A session that the runner opened as read-only has reason `setting`. */
function readOnlyReason({ standby, read_only }: FactsRow): ReadOnlyReason {
  if (standby === 'true') return 'standby';
  return read_only === 'on' ? 'setting' : undefined;
}

/**
 * Refuses a server that cannot be written to, before the lock and before anything else is sent. Commands that only read work there.
 *
 * @param facts read before the session's own settings were set by statement
 * @throws {MigratorError} `READ_ONLY_SERVER`
 */
export function refuseReadOnly(
  facts: FactsRow,
  { access }: OpenOptions,
  target: ConnectionTarget,
): void {
  const reason = access === 'read-write' ? readOnlyReason(facts) : undefined;
  if (reason !== undefined) throw readOnlyServer(reason, facts, target);
}

function readOnlyServer(
  reason: NonNullable<ReadOnlyReason>,
  { user_name: user, database_name: database }: FactsRow,
  target: ConnectionTarget,
): MigratorError {
  const { source } = target;
  const server = serverName(target);
  const [what, hint] =
    reason === 'standby'
      ? [
          `${server} (from ${source}) is a standby (it is in recovery), which accepts no writes.`,
          'Use the url of the primary server, or list all servers in the url: postgres://user@host1,host2/database?target_session_attrs=read-write.',
        ]
      : [
          `The database ${database} on ${server} (from ${source}) is read-only for ${user}: default_transaction_read_only is on.`,
          'If it is read-only on purpose, use another url. Otherwise turn the setting off where it is set: server configuration, ALTER DATABASE, ALTER ROLE or the options of the url. ' +
            `To let only this user write: ALTER ROLE ${quoteIdentifier(user)} IN DATABASE ${quoteIdentifier(database)} SET default_transaction_read_only = off.`,
        ];
  return new MigratorError('READ_ONLY_SERVER', `${what} Nothing was changed.`, {
    hint: `${hint} Commands that only read (status, dry runs) work here.`,
    where: source,
  });
}
