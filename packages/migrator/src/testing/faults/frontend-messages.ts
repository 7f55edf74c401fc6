/** One message of a client, as it came over the wire. */
export interface FrontendMessage {
  readonly bytes: Buffer;
  /** The SQL that this message makes the server run: of `Query`, or of `Execute` for what was parsed before. */
  readonly statement: string | undefined;
}

/** A request for encryption has no type byte and is followed by a second start-up message. */
const REQUESTS_BEFORE_STARTUP = new Set([80877103, 80877104]);

/**
 * Cuts the bytes of a client into messages, and tells which of them run SQL. Knows just enough of the protocol for that:
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class FrontendReader {
  private pending = Buffer.alloc(0);
  private phase: 'startup' | 'typed' = 'startup';
  private readonly prepared = new Map<string, string>();
  private readonly portals = new Map<string, string>();

  /** The messages that are complete by now. */
  read(chunk: Buffer): FrontendMessage[] {
    this.pending = Buffer.concat([this.pending, chunk]);
    const messages: FrontendMessage[] = [];
    for (let message = this.next(); message !== undefined; message = this.next()) {
      messages.push(message);
    }
    return messages;
  }

  private next(): FrontendMessage | undefined {
    const typeBytes = this.phase === 'startup' ? 0 : 1;
    if (this.pending.length < typeBytes + 4) return undefined;
    const length = typeBytes + this.pending.readInt32BE(typeBytes);
    if (this.pending.length < length) return undefined;
    const bytes = this.pending.subarray(0, length);
    this.pending = this.pending.subarray(length);
    if (this.phase === 'typed') return { bytes, statement: this.statementOf(bytes) };
    if (!REQUESTS_BEFORE_STARTUP.has(bytes.readInt32BE(4))) this.phase = 'typed';
    return { bytes, statement: undefined };
  }

  private statementOf(bytes: Buffer): string | undefined {
    const [first = '', second = ''] = bytes.toString('utf8', 5).split('\0', 2);
    switch (String.fromCharCode(bytes[0] ?? 0)) {
      case 'Q':
        return first;
      case 'P':
        this.prepared.set(first, second);
        return undefined;
      case 'B':
        this.portals.set(first, this.prepared.get(second) ?? '');
        return undefined;
      case 'E':
        return this.portals.get(first);
      default:
        return undefined;
    }
  }
}

/** Whether a statement is the COMMIT of a runner. */
export function isCommit(statement: string): boolean {
  return /^\s*COMMIT\s*;?\s*$/i.test(statement);
}

/** A `Query` message. */
export function queryMessage(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`, 'utf8');
  const head = Buffer.alloc(5);
  head.write('Q', 0, 'latin1');
  head.writeInt32BE(text.length + 4, 1);
  return Buffer.concat([head, text]);
}
