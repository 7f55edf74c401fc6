import { FrontendReader, isCommit, queryMessage } from './frontend-messages';

/** A message with a type, or without one for start-up. */
function message(type: string, ...parts: string[]): Buffer {
  const body = Buffer.from(parts.map((part) => `${part}\0`).join(''), 'utf8');
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

/** A start-up message, or a request for encryption, by its code. */
function startup(code: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(8, 0);
  bytes.writeInt32BE(code, 4);
  return bytes;
}

const STARTED = [startup(80877103), startup(196608)];

describe('the reader of a client’s messages', () => {
  it('tells the statements of simple and extended queries', () => {
    const reader = new FrontendReader();
    const bytes = Buffer.concat([
      ...STARTED,
      queryMessage('COMMIT'),
      message('P', 's1', 'SELECT $1'),
      message('B', 'p1', 's1'),
      message('E', 'p1'),
      message('S'),
    ]);
    const statements = reader.read(bytes).map(({ statement }) => statement);
    expect(statements).toEqual([
      undefined,
      undefined,
      'COMMIT',
      undefined,
      undefined,
      'SELECT $1',
      undefined,
    ]);
  });

  it('loses no byte, however they arrive', () => {
    const reader = new FrontendReader();
    const bytes = Buffer.concat([...STARTED, queryMessage('SELECT 1'), message('X')]);
    const messages = [...bytes].flatMap((byte) => reader.read(Buffer.from([byte])));
    expect(Buffer.concat(messages.map((each) => each.bytes))).toEqual(bytes);
    expect(messages.map(({ statement }) => statement)).toContain('SELECT 1');
  });

  it('takes only a COMMIT of its own for one', () => {
    expect(['COMMIT', ' commit; '].every(isCommit)).toBe(true);
    expect(['COMMIT AND CHAIN', 'BEGIN; COMMIT', 'COMMIT PREPARED 1'].some(isCommit)).toBe(false);
  });
});
