import type { Client } from 'pg';
import { MigratorError } from '../errors';
import type { ConnectionTarget } from './database';
import { serverName } from '../text/server-name';

/** How often a pooler is given the chance to show that it shares backends. */
const ROUNDS = 12;

/** Milliseconds to wait for a second connection through the pooler. */
const PATIENCE = 3_000;

const BACKEND = 'SELECT pg_catalog.pg_backend_pid() AS pid';

/**
 * Whether a pooler leaves a client its backend for as long as it is connected (session pooling). In transaction pooling the
 * backend goes back after each statement, and the next one who asks gets it: a second client, or the first one gets another.
 *
 * @param client connected through the pooler, outside of a transaction
 * @param openAnother connects a second client the same way
 */
export async function keepsOneBackend(
  client: Client,
  openAnother: () => Promise<Client>,
): Promise<boolean> {
  let other: Client | undefined;
  let gaveUp = false;
  const deadline = setTimeout(() => {
    // No second backend to be had: nothing can be proven. Hanging up ends the wait.
    gaveUp = true;
    if (other) hangUp(other);
  }, PATIENCE);
  try {
    other = await openAnother();
    const seen = { own: new Set<number>(), others: new Set<number>() };
    for (let round = 0; round < ROUNDS && !gaveUp; round++) {
      seen.own.add(await backendOf(client));
      // Inside of a transaction, so that the second client keeps for the moment what it got.
      await other.query('BEGIN');
      seen.others.add(await backendOf(other));
      seen.own.add(await backendOf(client));
      await other.query('ROLLBACK');
    }
    const shared = [...seen.own].some((pid) => seen.others.has(pid));
    return !gaveUp && !shared && seen.own.size === 1 && seen.others.size === 1;
  } catch {
    return false;
  } finally {
    clearTimeout(deadline);
    if (other) await other.end().catch(() => undefined);
  }
}

/** The error for a connection on which a lock or a setting would end up in somebody else's session. */
export function pooledConnection(target: ConnectionTarget): MigratorError {
  const { source } = target;
  const where = serverName(target);
  return new MigratorError(
    'POOLED_CONNECTION',
    `${where} (from ${source}) is a connection pooler that hands out another session for each transaction: the lock that keeps two runners apart would not hold.`,
    {
      where: source,
      hint: 'Give migrations the direct url of the server (often another port or host name), or a pooler in session mode.',
    },
  );
}

async function backendOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(BACKEND);
  return rows[0]?.pid ?? 0;
}

function hangUp(client: Client): void {
  const { connection } = client as Client & {
    readonly connection?: { readonly stream?: { destroy(): void } };
  };
  connection?.stream?.destroy();
}
