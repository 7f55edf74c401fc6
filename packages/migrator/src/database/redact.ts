/** Secrets met in this process. Kept for its whole life: an error may hold one long after its connection is closed. */
const secrets = new Set<string>();

// A bounded scheme: without the bound, one long word costs the square of its length.
const URL_PASSWORD = /([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/@?#]*):[^\s/?#]*@/gi;
const KEYWORD_PASSWORD = /\b(password|pwd|sslpassword)=("[^"]*"|'[^']*'|[^\s&;,]+)/gi;
const MASK = '***';

/** Shorter ones would blank out half of every message. */
const SHORTEST = 3;

/** What everybody guesses first is no secret, and these words are in half of all messages and names. */
const PUBLIC_WORDS = new Set(['postgres', 'password', 'root', 'admin', 'user', 'test']);

/**
 * Remembers a secret, so that {@link redact} finds it as it is, url-encoded and decoded.
 *
 * @param secret a password; empty, very short and proverbial ones (`postgres`) are not remembered: they are masked only inside urls
 */
export function rememberSecret(secret: string): void {
  for (const form of [secret, encodeURIComponent(secret), decoded(secret)]) {
    if (form.length >= SHORTEST && !PUBLIC_WORDS.has(form)) secrets.add(form);
  }
}

/** The text without any remembered secret, and without whatever looks like a password in a url or a DSN. */
export function redact(text: string): string {
  let clean = text;
  // Longest first: one secret may hold another.
  for (const secret of [...secrets].sort((left, right) => right.length - left.length)) {
    clean = clean.replaceAll(secret, MASK);
  }
  return clean.replace(URL_PASSWORD, `$1:${MASK}@`).replace(KEYWORD_PASSWORD, `$1=${MASK}`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
