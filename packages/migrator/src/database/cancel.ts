import { connect as openSocket } from 'node:net';
import type { Client } from 'pg';
import { connect } from './connect';
import type { PostgresAddress } from './postgres-url';
import { isSocket } from './tls';

/** The code of a CancelRequest message: 1234 in the high, 5678 in the low half. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const CANCEL_REQUEST = (1234 << 16) | 5678;

/** Milliseconds for the server to take the request. */
const PATIENCE = 5_000;

/**
 * Cancels what a backend runs: by a second connection, so that TLS and poolers are no hindrance; where none can be had, as
 * with all connections taken, by the protocol's CancelRequest, which needs no login. Never rejects.
 */
export async function cancelBackend(
  address: PostgresAddress,
  client: Client,
  backendPid: number,
): Promise<void> {
  try {
    const helper = await connect(
      { ...address, connectTimeoutMs: PATIENCE },
      { applicationName: 'flashfusion cancel', startup: undefined },
    );
    try {
      await helper.query('SELECT pg_catalog.pg_cancel_backend($1)', [backendPid]);
    } finally {
      await helper.end();
    }
  } catch {
    await requestCancel(address, client);
  }
}

function requestCancel({ host, port }: PostgresAddress, client: Client): Promise<void> {
  const { processID, secretKey } = client as Client & {
    readonly processID: number;
    readonly secretKey: number;
  };
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(CANCEL_REQUEST, 4);
  message.writeInt32BE(processID, 8);
  message.writeInt32BE(secretKey, 12);
  return new Promise((resolve) => {
    const socket = isSocket(host)
      ? openSocket(`${host}/.s.PGSQL.${port}`)
      : openSocket({ host, port });
    socket.setTimeout(PATIENCE, () => socket.destroy());
    socket.on('error', () => undefined);
    // The server closes the connection when it has passed the request on.
    socket.on('close', () => resolve());
    socket.on('connect', () => socket.write(message));
    socket.resume();
  });
}
