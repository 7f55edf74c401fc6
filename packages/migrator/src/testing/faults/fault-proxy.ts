import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FrontendReader, queryMessage, type FrontendMessage } from './frontend-messages';

/** What happens to a statement on its way. */
export type FaultAction =
  /** The connection dies before the statement reaches the server, after what `act` does. */
  | { readonly kind: 'cut-before'; readonly act?: () => Promise<unknown> }
  /** The statement is sent and the connection dies at once: nobody knows how far the server comes. */
  | { readonly kind: 'cut-when-sent' }
  /** The server does it and answers, the answer never arrives, the connection dies. */
  | { readonly kind: 'swallow-answer' }
  /** The server gets a statement instead that it refuses. */
  | { readonly kind: 'refuse-statement' }
  /** The statement waits this many milliseconds. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The statement waits until the function has done what it does, e.g. to the server. */
  | { readonly kind: 'meanwhile'; readonly act: () => Promise<void> };

/** A fault that strikes once. */
export interface Fault {
  /** The statement it strikes: the first for which this is true. */
  readonly at: (statement: string) => boolean;
  readonly action: FaultAction;
  /** `unreachable`: no further connection is let through, until {@link FaultProxy.letThrough}. */
  readonly afterwards?: 'reachable' | 'unreachable';
}

/** A TCP proxy before a server, with faults on demand. */
export interface FaultProxy {
  /** The url of a database on that server, by way of the proxy. */
  through(databaseUrl: string): string;
  /** The next fault; replaces one that has not struck. */
  arm(fault: Fault): void;
  disarm(): void;
  /** Statements that faults have struck, in order. */
  readonly struck: readonly string[];
  /** Cuts every connection. */
  cut(): void;
  letThrough(): void;
  stop(): Promise<void>;
}

/** Starts a proxy before the server on a port of this host. */
export async function startFaultProxy(serverPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const struck: string[] = [];
  let armed: Fault | undefined;
  let reachable = true;

  function take(statement: string | undefined): Fault | undefined {
    if (statement === undefined || !armed?.at(statement)) return undefined;
    const fault = armed;
    armed = undefined;
    struck.push(statement);
    if (fault.afterwards === 'unreachable') reachable = false;
    return fault;
  }

  const listener = createServer({ noDelay: true }, (client) => {
    if (!reachable) return void client.destroy();
    const server = connect({ port: serverPort, host: '127.0.0.1', noDelay: true });
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    relay(client, server, take);
  });
  const port = await listen(listener);

  return {
    struck,
    through(databaseUrl) {
      const url = new URL(databaseUrl);
      url.port = String(port);
      return url.href;
    },
    arm(fault) {
      armed = fault;
    },
    disarm() {
      armed = undefined;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    letThrough() {
      reachable = true;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** Passes bytes on in both directions; a fault may strike each message of the client. */
function relay(
  client: Socket,
  server: Socket,
  take: (statement: string | undefined) => Fault | undefined,
): void {
  const reader = new FrontendReader();
  let answers: 'passed-on' | 'swallowed' = 'passed-on';
  let swallowed = Buffer.alloc(0);
  let order = Promise.resolve();
  let parting: 'at-once' | 'after-sending' = 'at-once';
  const cut = () => {
    client.destroy();
    if (parting === 'at-once') server.destroy();
  };
  for (const socket of [client, server]) {
    socket.on('error', cut);
    socket.on('close', cut);
  }

  async function pass({ bytes, statement }: FrontendMessage): Promise<void> {
    if (client.destroyed) return;
    const action = take(statement)?.action;
    switch (action?.kind) {
      case 'cut-before':
        await action.act?.();
        return cut();
      case 'cut-when-sent':
        // Closed in order, so that the server reads what was sent before it notices.
        parting = 'after-sending';
        client.destroy();
        server.end(withSync(bytes));
        return;
      case 'swallow-answer':
        answers = 'swallowed';
        break;
      case 'refuse-statement':
        server.write(queryMessage('SELECT 1 / 0'));
        return;
      case 'delay':
        await sleep(action.ms);
        break;
      case 'meanwhile':
        await action.act();
        break;
    }
    if (!server.destroyed) server.write(bytes);
  }

  client.on('data', (chunk) => {
    for (const message of reader.read(chunk)) order = order.then(() => pass(message));
  });
  server.on('data', (chunk) => {
    if (answers === 'passed-on') return void (client.destroyed || client.write(chunk));
    swallowed = Buffer.concat([swallowed, chunk]);
    if (endsWithReady(swallowed)) cut();
  });
}

/** `Execute` is carried out at once but answered only with `Sync`; a client that is cut cannot send that any more. */
function withSync(bytes: Buffer): Buffer {
  return bytes[0] === 'E'.charCodeAt(0)
    ? Buffer.concat([bytes, Buffer.from([0x53, 0, 0, 0, 4])])
    : bytes;
}

/** The server has answered in full: ReadyForQuery, five bytes and the state of the transaction. */
function endsWithReady(bytes: Buffer): boolean {
  return bytes.subarray(-6, -1).equals(Buffer.from([0x5a, 0, 0, 0, 5]));
}

function listen(listener: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as AddressInfo).port));
  });
}
