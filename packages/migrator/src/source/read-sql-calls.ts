import {
  isMark,
  matchBrackets,
  placedTokens,
  readFunctions,
  type PlacedToken,
  type SourceFunction,
} from './read-functions';
import { evaluate, sourceLiteral, type SourceLiteral } from './source-literal';

/** A function of a migration that gets its database. */
export type MigrationFunction = 'up' | 'down' | 'validate';

/** SQL that a migration passes to its database as it stands in the file. */
export interface SqlCall {
  /** The function that runs it, itself or by a helper of the same file. */
  readonly in: MigrationFunction;
  readonly method: 'query' | 'script';
  /** `head`: the text before the first `${…}`; what comes after it is unknown. */
  readonly kind: 'whole' | 'head';
  readonly literal: SourceLiteral;
  /** Whether parameters are passed along. */
  readonly params: 'none' | 'some';
}

/** Tokens of a pattern that are looked through. */
const LONGEST_PATTERN = 500;

const FUNCTIONS: readonly MigrationFunction[] = ['up', 'down', 'validate'];

/**
 * Reads the SQL that a migration passes to `query` and `script` of its database off the source, without compiling or running it.
 * Certain cases only: a literal, on a parameter that is the database and never anything else. What is computed, imported or
 * passed on in other ways is not seen.
 *
 * Linear in the source; never throws.
 *
 * @param source the text of a migration file, TypeScript or JavaScript
 */
export function readSqlCalls(source: string): SqlCall[] {
  if (!/\.\s*(?:query|script)\b/.test(source)) return [];
  const tokens = placedTokens(source);
  const closing = matchBrackets(tokens);
  const functions = readFunctions(tokens);
  const named = groupByName(functions);
  const calls: SqlCall[] = [];
  const seen = new Set<string>();
  const visit = (name: string, position: number, owner: MigrationFunction): void => {
    const [found, ...others] = named.get(name) ?? [];
    const db = found?.params[position];
    const key = `${name} ${position} ${owner}`;
    if (found === undefined || others.length > 0 || db === undefined || seen.has(key)) return;
    seen.add(key);
    if (isReused(tokens, functions, found, db)) return;
    for (let at = found.from; at < found.to; at += 1) {
      const token = tokens[at];
      if (token?.kind !== 'word') continue;
      if (token.text === db) {
        const call = sqlCallAt(source, tokens, closing, at);
        if (call) calls.push({ ...call, in: owner });
      } else if (isMark(tokens[at + 1], '(') && !isMark(tokens[at - 1], '.')) {
        for (const argument of argumentsThatAre(tokens, closing, at + 1, db)) {
          visit(token.text, argument, owner);
        }
      }
    }
  };
  for (const name of FUNCTIONS) visit(name, 0, name);
  return calls;
}

function groupByName(functions: readonly SourceFunction[]): Map<string, SourceFunction[]> {
  const named = new Map<string, SourceFunction[]>();
  for (const each of functions) {
    const same = named.get(each.name);
    if (same) same.push(each);
    else named.set(each.name, [each]);
  }
  return named;
}

/** Whether the name may stand for something else in a part of the body: then nothing about it is certain. */
function isReused(
  tokens: readonly PlacedToken[],
  functions: readonly SourceFunction[],
  { from, to }: SourceFunction,
  db: string,
): boolean {
  const within = (each: SourceFunction) => each.from > from && each.to <= to;
  if (functions.some((each) => within(each) && each.params.includes(db))) return true;
  for (let at = from; at < to; at += 1) {
    const token = tokens[at];
    if (token?.kind !== 'word' || token.text !== db || isMark(tokens[at - 1], '.')) continue;
    const before = tokens[at - 1];
    if (
      before?.kind === 'word' &&
      ['const', 'let', 'var', 'class', 'function'].includes(before.text)
    )
      return true;
    const [next, afterNext] = [tokens[at + 1], tokens[at + 2]];
    if (isMark(next, '=') && !isMark(afterNext, '=')) return true;
    // `const { db } = other`, `({ db }) =>`
    if (
      (isMark(next, '}') || isMark(next, ',') || isMark(next, ']')) &&
      isDestructured(tokens, at, to)
    )
      return true;
  }
  return false;
}

/** Whether the bracket around a name is followed by `=` or closes a parameter list: it binds the name anew. */
function isDestructured(tokens: readonly PlacedToken[], at: number, to: number): boolean {
  let depth = 0;
  const last = Math.min(to, at + LONGEST_PATTERN);
  for (let index = at; index < last; index += 1) {
    const token = tokens[index];
    if (token?.kind !== 'mark') continue;
    if ('([{'.includes(token.text)) depth += 1;
    if (!')]}'.includes(token.text)) continue;
    depth -= 1;
    if (depth >= 0) continue;
    if (token.text === ')') return isMark(tokens[index + 1], '=') && isMark(tokens[index + 2], '>');
    if (isMark(tokens[index + 1], '=') && !isMark(tokens[index + 2], '=')) return true;
    depth = 0;
  }
  return false;
}

/** `db.query<Row>('…')` at the token `db`. */
function sqlCallAt(
  source: string,
  tokens: readonly PlacedToken[],
  closing: ReadonlyMap<number, number>,
  at: number,
): Omit<SqlCall, 'in'> | undefined {
  const method = tokens[at + 2]?.text;
  if (isMark(tokens[at - 1], '.') || !isMark(tokens[at + 1], '.')) return undefined;
  if (method !== 'query' && method !== 'script') return undefined;
  const open = skipTypeArguments(tokens, closing, at + 3);
  const end = isMark(tokens[open], '(') ? closing.get(open) : undefined;
  const argument = tokens[open + 1];
  if (end === undefined || argument === undefined) return undefined;
  if (argument.kind === 'template') {
    const raw = source.slice(argument.start, argument.end - 2);
    const text = evaluate(`${raw}\``);
    const literal = { text, indexOf: (index: number) => argument.start + 1 + index };
    // The rest of the arguments is not known: a template is one argument, or a part of one.
    return { method, kind: 'head', literal, params: 'some' };
  }
  const next = tokens[open + 2];
  if (argument.kind !== 'string' || !(isMark(next, ')') || isMark(next, ','))) return undefined;
  const more = isMark(next, ',') && open + 3 < end;
  const literal = sourceLiteral(source, argument.start, argument.end);
  return { method, kind: 'whole', literal, params: more ? 'some' : 'none' };
}

function skipTypeArguments(
  tokens: readonly PlacedToken[],
  closing: ReadonlyMap<number, number>,
  from: number,
): number {
  if (!isMark(tokens[from], '<')) return from;
  let depth = 0;
  for (let at = from; at < tokens.length; at = (closing.get(at) ?? at) + 1) {
    if (isMark(tokens[at], '<')) depth += 1;
    if (isMark(tokens[at], '>') && !isMark(tokens[at - 1], '=')) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return from;
}

/** Positions of the arguments that are just that name; the list begins at the token `(`. */
function argumentsThatAre(
  tokens: readonly PlacedToken[],
  closing: ReadonlyMap<number, number>,
  open: number,
  name: string,
): number[] {
  const end = closing.get(open) ?? open;
  const positions: number[] = [];
  let position = 0;
  for (let at = open + 1; at < end; at = (closing.get(at) ?? at) + 1) {
    if (isMark(tokens[at], ',')) position += 1;
    const alone =
      (at === open + 1 || isMark(tokens[at - 1], ',')) &&
      (at + 1 === end || isMark(tokens[at + 1], ','));
    if (alone && tokens[at]?.kind === 'word' && tokens[at]?.text === name) positions.push(position);
    // Behind a spread the positions are unknown.
    if (isMark(tokens[at], '.') && isMark(tokens[at + 1], '.')) break;
  }
  return positions;
}
