import { Scanner } from './scanner';

/** A string literal or a template without `${…}`, and where its characters stand in the file. */
export interface SourceLiteral {
  /** What the literal evaluates to. */
  readonly text: string;
  /** Index in the source of a character of `text`; of the closing quote for its length. */
  indexOf(at: number): number;
}

/** The literal between two indexes of a source, quotes included. */
export function sourceLiteral(source: string, start: number, end: number): SourceLiteral {
  const template = source[start] === '`';
  const raw = source.slice(start + 1, end - 1);
  if (!raw.includes('\\') && !raw.includes('\r')) {
    return { text: raw, indexOf: (at) => start + 1 + at };
  }
  const text = evaluate(source.slice(start, end));
  return {
    text: template ? text.replaceAll('\r\n', '\n') : text,
    indexOf: (at) => start + 1 + rawIndex(raw, at, template),
  };
}

/** Every literal of a source, in order. Linear; never throws. */
export function* readLiterals(source: string): Generator<SourceLiteral> {
  const scanner = new Scanner(source);
  for (let token = scanner.next(); token !== undefined; token = scanner.next()) {
    if (token.kind !== 'string' || !/["'`]/.test(source[scanner.start] ?? '')) continue;
    yield sourceLiteral(source, scanner.start, scanner.end);
  }
}

/** What a literal stands for. */
export function evaluate(literal: string): string {
  return new Scanner(literal).next()?.text ?? '';
}

/** Index in a literal's raw text of a character of its value. */
function rawIndex(raw: string, at: number, template: boolean): number {
  const escape = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]+\}|\r\n|[\s\S])|\r\n|[\s\S]/y;
  let value = 0;
  let index = 0;
  while (value < at && index < raw.length) {
    escape.lastIndex = index;
    const piece = escape.exec(raw)?.[0] ?? ' ';
    index += piece.length;
    if (piece === '\r\n') value += template ? 1 : 2;
    else value += piece.startsWith('\\') ? evaluate(`"${piece}"`).length : 1;
  }
  return index;
}
