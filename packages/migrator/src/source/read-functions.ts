import { Scanner } from './scanner';

/** A token with its place in the source. */
export interface PlacedToken {
  /** `template` begins a template with `${…}`; one without is a `string`. */
  readonly kind: 'word' | 'string' | 'template' | 'mark';
  /** Of strings and templates nothing: they may be large. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A function of a source file. */
export interface SourceFunction {
  /** Of a method, a declaration or a property; `''` where it has none. */
  readonly name: string;
  /** Its parameters; `undefined` for one that is not a plain name. */
  readonly params: readonly (string | undefined)[];
  /** Index of the body's first token. */
  readonly from: number;
  /** Index behind the body's last token. */
  readonly to: number;
}

/** All tokens of a source, regular expressions as empty strings. */
export function placedTokens(source: string): PlacedToken[] {
  const scanner = new Scanner(source);
  const tokens: PlacedToken[] = [];
  for (let token = scanner.next(); token !== undefined; token = scanner.next()) {
    const { start, end } = scanner;
    const first = source[start] ?? '';
    if (token.kind === 'word') tokens.push({ kind: 'word', text: token.text, start, end });
    else if (first === '`' && token.kind === 'punctuation')
      tokens.push({ kind: 'template', text: '', start, end });
    else if (token.kind === 'string')
      tokens.push({ kind: /["'`]/.test(first) ? 'string' : 'mark', text: '', start, end });
    // What stands behind a `}` of a template belongs to the template.
    else if (token.text !== '`') tokens.push({ kind: 'mark', text: token.text, start, end });
  }
  return tokens;
}

/** Every function of a source that is written plainly; others are left out. */
export function readFunctions(tokens: readonly PlacedToken[]): SourceFunction[] {
  const closing = matchBrackets(tokens);
  const outline = { tokens, closing, ends: expressionEnds(tokens, closing) };
  const functions: SourceFunction[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const found = functionAt(outline, at);
    if (found) functions.push(found);
  }
  return functions;
}

/** For each opening bracket the index of its closing one. */
export function matchBrackets(tokens: readonly PlacedToken[]): ReadonlyMap<number, number> {
  const closing = new Map<number, number>();
  const open: number[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'mark') continue;
    if ('([{'.includes(token.text) && token.text !== '') open.push(index);
    else if (')]}'.includes(token.text) && token.text !== '') {
      const start = open.pop();
      if (start !== undefined) closing.set(start, index);
    }
  }
  return closing;
}

/** Words before `(…) {` that begin no function. */
const CONTROL: ReadonlySet<string> = new Set(['if', 'while', 'for', 'switch', 'with']);

/** Tokens of a return type that are looked through. */
const LONGEST_TYPE = 500;

type Closing = ReadonlyMap<number, number>;

interface Outline {
  readonly tokens: readonly PlacedToken[];
  readonly closing: Closing;
  readonly ends: readonly number[];
}

function functionAt(outline: Outline, at: number): SourceFunction | undefined {
  const { tokens, closing } = outline;
  const token = tokens[at];
  if (token?.kind === 'word' && isArrow(tokens, at + 1)) {
    return {
      name: nameBefore(tokens, at),
      params: [token.text],
      ...arrowBody(outline, at + 3),
    };
  }
  const end = isMark(token, '(') ? closing.get(at) : undefined;
  if (end === undefined) return undefined;
  const params = readParams(tokens, closing, at + 1, end);
  const body = skipReturnType(tokens, closing, end + 1);
  if (isArrow(tokens, body)) {
    return { name: nameBefore(tokens, at), params, ...arrowBody(outline, body + 2) };
  }
  const last = isMark(tokens[body], '{') ? closing.get(body) : undefined;
  const name = nameBefore(tokens, at);
  if (last === undefined || name === '' || CONTROL.has(name)) return undefined;
  return { name, params, from: body + 1, to: last };
}

/** The body of an arrow function: a block, or an expression up to where it ends. */
function arrowBody(
  { tokens, closing, ends }: Outline,
  at: number,
): { readonly from: number; readonly to: number } {
  if (isMark(tokens[at], '{')) return { from: at + 1, to: closing.get(at) ?? at + 1 };
  return { from: at, to: ends[at] ?? tokens.length };
}

/** For each token where an expression that begins there ends. From the end, so that nested ones cost nothing more. */
function expressionEnds(tokens: readonly PlacedToken[], closing: Closing): readonly number[] {
  const ends: number[] = [];
  for (let at = tokens.length - 1; at >= 0; at -= 1) {
    const token = tokens[at];
    const stops = token?.kind === 'mark' && [',', ';', ')', ']', '}'].includes(token.text);
    ends[at] = stops ? at : (ends[(closing.get(at) ?? at) + 1] ?? tokens.length);
  }
  return ends;
}

/** `name(`, `function name(`, `name: async (`, `const name = function (`. */
function nameBefore(tokens: readonly PlacedToken[], at: number): string {
  let index = at - 1;
  const skip = (text: string) => {
    if (tokens[index]?.kind === 'word' && tokens[index]?.text === text) index -= 1;
  };
  const method = tokens[index];
  if (method?.kind === 'word' && !['function', 'async'].includes(method.text)) return method.text;
  skip('function');
  skip('async');
  if (!isMark(tokens[index], ':') && !isMark(tokens[index], '=')) return '';
  const name = tokens[index - 1];
  return name?.kind === 'word' ? name.text : '';
}

function readParams(
  tokens: readonly PlacedToken[],
  closing: Closing,
  from: number,
  to: number,
): (string | undefined)[] {
  const params: (string | undefined)[] = [];
  let start = from;
  for (let at = from; at <= to; at = (closing.get(at) ?? at) + 1) {
    if (at < to && !isMark(tokens[at], ',')) continue;
    if (at > start) {
      const [name, next] = [tokens[start], tokens[start + 1]];
      const plain =
        name?.kind === 'word' && (start + 1 === at || isMark(next, ':') || isMark(next, '?'));
      params.push(plain ? name.text : undefined);
    }
    start = at + 1;
  }
  return params;
}

/** Steps over `: Promise<{ rows: unknown[] }>`. */
function skipReturnType(tokens: readonly PlacedToken[], closing: Closing, from: number): number {
  if (!isMark(tokens[from], ':')) return from;
  let depth = 0;
  let complete = false;
  const last = Math.min(tokens.length, from + LONGEST_TYPE);
  for (let at = from + 1; at < last; at = (closing.get(at) ?? at) + 1) {
    const token = tokens[at];
    if (isMark(token, '<')) depth += 1;
    else if (isMark(token, '>')) depth -= 1;
    else if (depth === 0 && complete && (isMark(token, '{') || isArrow(tokens, at))) return at;
    else if (
      depth === 0 &&
      token?.kind === 'mark' &&
      !['{', '[', '|', '&', '.'].includes(token.text)
    )
      return from;
    complete = !isMark(token, '|') && !isMark(token, '&');
  }
  return from;
}

function isArrow(tokens: readonly PlacedToken[], at: number): boolean {
  return isMark(tokens[at], '=') && isMark(tokens[at + 1], '>');
}

/** Whether a token is that mark. */
export function isMark(token: PlacedToken | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}
