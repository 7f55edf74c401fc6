import { PassThrough } from 'node:stream';
import type { OutputStream } from '../surroundings';

/** A stream that keeps what is written to it. */
export interface KeptStream {
  readonly stream: OutputStream;
  readonly text: () => string;
}

/** @param kind whether it claims to be a terminal */
export function keptStream(kind: 'terminal' | 'pipe' = 'pipe'): KeptStream {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return {
    stream: Object.assign(stream, { isTTY: kind === 'terminal' }),
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}
