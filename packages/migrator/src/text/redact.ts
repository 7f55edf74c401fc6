import { decodeOnce } from './decode';
import { StringFinder, type TextRange } from './secret-finder';
import { passwordsByPlace } from './secret-shapes';
import { isPublicWord } from './public-words';

/** Secrets of this process. Kept for its whole life: an error may contain one long after its connection is closed. */
const secrets = new StringFinder();

/** Secrets whose forms are all known already: most connections of a run have the same password. */
const complete = new Set<string>();

const MASK = '***';

/** Shorter secrets would mask parts of every second word. */
const SHORTEST = 3;

/** Levels of escaping that are looked through: a JSON string in a JSON string in a URL, and one to spare. */
const DEEPEST = 4;

/** Characters that encode one character at most, at the deepest level. */
const WIDEST_ENCODING = 16;

/**
 * Remembers a secret for {@link redact}.
 *
 * @param secret a password as it is used or as it stands in a URL. Masked only by its place (in a URL, behind `password=`) and not
 *   everywhere: a secret of one or two characters, and a word of the tool's own output or a well-known default (`postgres`)
 * @param knownAs names that the output shows anyway, such as user and database of the same connection. A secret that
 *   equals one of them is masked only by its place
 */
export function rememberSecret(secret: string, knownAs: readonly string[] = []): void {
  if (complete.has(secret)) return;
  const forms = [...formsOf(secret)];
  if (!forms.some((form) => knownAs.includes(form))) complete.add(secret);
  for (const form of forms) {
    if (form.length < SHORTEST || isPublicWord(form) || knownAs.includes(form)) continue;
    secrets.add(form);
  }
}

/** Remembers the passwords of a URL or of a string with settings (`password=…`), also of a URL that does not parse. */
export function rememberSecretsOf(url: string): void {
  for (const { start, end } of passwordsByPlace(url)) {
    rememberSecret(url.slice(start, end).replace(/^(["'])(.*)\1$/, '$2'), namesIn(url));
  }
  const [, userInfo] = /^[^/]{1,40}:\/\/([^]*)@/.exec(url) ?? [];
  const colon = userInfo?.indexOf(':') ?? -1;
  if (userInfo === undefined || colon === -1) return;
  rememberSecret(userInfo.slice(colon + 1), namesIn(url));
}

/** User, host, port and database of a URL. */
function namesIn(url: string): string[] {
  const [, user = ''] = /:\/\/([^:@/]*)/.exec(url) ?? [];
  const [place = ''] = url.slice(url.lastIndexOf('@') + 1).split('?');
  return [user, ...place.split(/[/:,]/)];
}

/**
 * The text without secrets: without those that were remembered, as they are or escaped (JSON, URL, SQL, JavaScript, several
 * levels of them, base64), and without what is a password by its place. Linear in the length of the text.
 */
export function redact(text: string): string {
  return redactUpTo(text, text.length).text;
}

/** As {@link redact}, with as many line ends as before: the mask stands in every line that a secret is in. */
export function redactLines(text: string): string {
  const parts: string[] = [];
  let rest = 0;
  for (const { start, end } of secretRanges(text)) {
    const lines = text
      .slice(start, end)
      .split('\n')
      .map(() => MASK);
    parts.push(text.slice(rest, start), lines.join('\n'));
    rest = end;
  }
  return [...parts, text.slice(rest)].join('');
}

/** The beginning of a redacted text. */
export interface RedactedHead {
  readonly text: string;
  /** Characters of the original that are left out. */
  readonly omitted: number;
}

/**
 * Redacts the first characters of a text and leaves out the others, at a cost that depends on `limit` only. A secret at the
 * cut is masked as a whole.
 */
export function redactUpTo(text: string, limit: number): RedactedHead {
  const seen = text.slice(0, limit + secrets.longest * WIDEST_ENCODING);
  const parts: string[] = [];
  let rest = 0;
  for (const { start, end } of secretRanges(seen)) {
    if (start >= limit) break;
    parts.push(seen.slice(rest, start), MASK);
    rest = end;
  }
  const end = Math.max(rest, withoutHalfCharacter(seen, limit));
  parts.push(seen.slice(rest, end));
  return { text: parts.join(''), omitted: text.length - end };
}

/** Where secrets stand in a text, in order and without overlaps. */
function secretRanges(text: string): TextRange[] {
  const found = rangesIn(text);
  let level = decodeOnce(text);
  for (let depth = 1; level !== undefined; depth += 1) {
    const { starts } = level;
    for (const { start, end } of rangesIn(level.text)) {
      found.push({ start: starts[start] ?? 0, end: starts[end] ?? text.length });
    }
    if (depth === DEEPEST) break;
    const deeper = decodeOnce(level.text);
    level = deeper && { text: deeper.text, starts: deeper.starts.map((at) => starts[at] ?? 0) };
  }
  return merged(found);
}

function rangesIn(text: string): TextRange[] {
  return [...secrets.find(text), ...passwordsByPlace(text)];
}

function merged(ranges: TextRange[]): TextRange[] {
  const sorted = ranges.sort((left, right) => left.start - right.start);
  const result: { start: number; end: number }[] = [];
  for (const { start, end } of sorted) {
    const last = result.at(-1);
    if (last !== undefined && start < last.end) last.end = Math.max(last.end, end);
    else if (end > start) result.push({ start, end });
  }
  return result;
}

/** The secret, what it decodes to at each level, with `+` for spaces as in a form, and as part of a base64 text. */
function formsOf(secret: string): Set<string> {
  const forms = new Set([secret]);
  let decoded = decodeOnce(secret);
  for (let depth = 1; decoded !== undefined && depth <= DEEPEST; depth += 1) {
    forms.add(decoded.text);
    decoded = decodeOnce(decoded.text);
  }
  for (const form of [...forms]) {
    forms.add(form.replaceAll(' ', '+'));
    for (const encoded of base64Forms(form)) forms.add(encoded);
  }
  return forms;
}

/** Shorter parts of a base64 text are found by accident. */
const SHORTEST_BASE64 = 8;

/** The characters that every base64 text with the secret in it contains, for each of the three places where a secret can begin. */
function base64Forms(secret: string): string[] {
  const bytes = String.fromCharCode(...new TextEncoder().encode(secret.slice(0, 1000)));
  return [0, 1, 2].flatMap((offset) => {
    const encoded = btoa('\0'.repeat(offset) + bytes).replace(/=+$/, '');
    const whole = Math.floor(((offset + bytes.length) * 8) / 6);
    const core = encoded.slice(Math.ceil((offset * 8) / 6), whole);
    if (core.length < SHORTEST_BASE64) return [];
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function withoutHalfCharacter(text: string, limit: number): number {
  if (limit >= text.length) return text.length;
  const last = text.charCodeAt(limit - 1);
  return last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit;
}
