import { redactLines } from '../text/redact';

/** Which part of an SQL text an excerpt shows. */
export interface ExcerptOptions {
  /** Where the statement begins: an index into the text. */
  readonly start: number;
  /** Where the error is: an index into the text; `undefined` shows the statement's first lines. */
  readonly at: number | undefined;
  /** Number of the text's first line. */
  readonly firstLine: number;
}

/** Lines shown before the line of the error. */
const LINES_BEFORE = 3;
/** Lines shown of a statement whose error has no position. */
const LINES_OF_START = 4;
/** Columns shown of a line that is longer. */
const WIDEST = 110;
/** Characters shown at most before the error. */
const CONTEXT = 2_000;
/** Characters read on either side of the error. No secret that reaches over the end of them reaches into what is shown. */
const READ = 50_000;

/**
 * The lines of an SQL text around an error, numbered, with a caret under the position. Bounded in size, whatever the text
 * is, and redacted; takes time linear in its length.
 *
 * @example
 * ```text
 *     6 | UPDATE orders
 *     7 |    SET tax = 100 / totl
 *       |                    ^
 * ```
 */
export function sqlExcerpt(sql: string, options: ExcerptOptions): string {
  const { at, firstLine } = options;
  const start = withIndent(sql, options.start);
  const from = at === undefined ? start : Math.max(start, at - READ);
  const text = sql.slice(from, (at ?? start) + READ);
  const lines = redactLines(text).split(/\r?\n/);
  const errorLine = at === undefined ? undefined : countLines(text.slice(0, at - from));
  const first = errorLine === undefined ? 0 : firstShown(lines, errorLine);
  const last = errorLine ?? LINES_OF_START - 1;
  const numbers = firstLine + countLines(sql.slice(0, from));
  const width = String(numbers + last).length;
  return lines
    .slice(first, last + 1)
    .flatMap((line, index) => {
      const number = first + index;
      const gutter = `    ${String(numbers + number).padStart(width)} |`;
      if (number !== errorLine) return [`${gutter} ${narrow(line)}`.trimEnd()];
      const before = redactLines(text.slice(0, (at ?? 0) - from));
      const pointed = pointAt(line, before.slice(before.lastIndexOf('\n') + 1));
      const caret = `    ${' '.repeat(width)} | ${pointed.caret}`;
      return pointed.caret === undefined
        ? [`${gutter} ${pointed.line}`]
        : [`${gutter} ${pointed.line}`, caret];
    })
    .join('\n');
}

/** The first of the lines before the error that are near it. */
function firstShown(lines: readonly string[], errorLine: number): number {
  let first = errorLine;
  let size = 0;
  while (first > 0 && errorLine - first < LINES_BEFORE) {
    size += lines[first - 1]?.length ?? 0;
    if (size > CONTEXT) break;
    first -= 1;
  }
  return first;
}

/**
 * The number of an excerpt's first line: that of the file, where the SQL stands in the file line by line; 1 where the file
 * writes the line ends as escapes.
 *
 * @param line of the error in the SQL, from 1
 * @param inFile lines of the error and of the SQL's first character in the file, if they are known
 */
export function numberOfFirstLine(
  line: number,
  inFile: { readonly line: number; readonly firstLine: number } | undefined,
): number {
  return inFile !== undefined && inFile.line - inFile.firstLine === line - 1 ? inFile.firstLine : 1;
}

/** The beginning of the line, where nothing but blanks stands before the statement. */
function withIndent(sql: string, start: number): number {
  const line = startOfLine(sql, start);
  return start - line <= WIDEST && sql.slice(line, start).trim() === '' ? line : start;
}

/** How many line ends a text has. */
export function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

/** Index of the first character of the line that `at` is in. */
export function startOfLine(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
}

/** A redacted line cut around a column, and the caret under it; no caret inside of a secret. */
function pointAt(
  line: string,
  before: string,
): { readonly line: string; readonly caret: string | undefined } {
  if (!line.startsWith(before)) return { line: narrow(line), caret: undefined };
  const cut = Math.max(0, before.length - Math.floor(WIDEST / 2));
  const head = cut === 0 ? '' : '…';
  const shown = printable(line.slice(cut, cut + WIDEST));
  const tail = line.length > cut + WIDEST ? '…' : '';
  const caret = ' '.repeat(head.length + widthOf(printable(before.slice(cut)))) + '^';
  return { line: `${head}${shown}${tail}`, caret };
}

function narrow(line: string): string {
  const shown = printable(line.slice(0, WIDEST));
  return line.length > WIDEST ? `${shown}…` : shown;
}

/** Tabs as one space, so that the caret stands right; other control characters as a visible substitute. */
function printable(text: string): string {
  return text.replace(/\t/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '\ufffd');
}

/** Columns in a terminal: East Asian characters and emoji take two, combining marks none. */
function widthOf(text: string): number {
  let width = 0;
  for (const char of text) {
    if (/\p{M}/u.test(char)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        char,
      )
        ? 2
        : 1;
  }
  return width;
}
