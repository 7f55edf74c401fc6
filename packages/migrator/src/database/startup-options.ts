/** What the start-up parameter `options` of a url asks for. */
export interface StartupOptions {
  /** Settings by their names in lower case; of one that is given twice the last value counts. */
  readonly settings: Readonly<Record<string, string>>;
  /** Words for a proxy in front of the server, such as Neon's `endpoint=…`, unescaped. */
  readonly proxyWords: readonly string[];
}

/** Why options are refused: the tail of a sentence, and what to do. Holds no value of the url. */
export interface RefusedOptions {
  readonly what: string;
  readonly hint: string;
}

/** Words that proxies of hosted databases take out of the options: Neon, Supabase. */
const PROXY_WORD = /^(?:endpoint|project|reference)=\S+$/;

const NAME = /^[a-z_][a-z0-9_$]*(?:\.[a-z_][a-z0-9_$]*)*$/i;

const RUNNER_TIMEOUT =
  'Leave it out: the runner sets it to 0, so that no migration is ended between two statements.';
const RUNNER_VALUES = 'Leave it out: the runner sets it, so that values are read unchanged.';

/** Settings that the runner sets itself, with the values that ask for the same, and what to do about any other value. */
const OWNED: Readonly<Record<string, { readonly same?: RegExp; readonly hint: string }>> = {
  search_path: {
    hint: 'Set `schema` (and `searchPath` for further schemas) in db.config instead.',
  },
  lock_timeout: { hint: 'Set `lockTimeout` in db.config instead.' },
  statement_timeout: { hint: 'Set `statementTimeout` in db.config instead.' },
  idle_in_transaction_session_timeout: { same: /^0$/, hint: RUNNER_TIMEOUT },
  idle_session_timeout: { same: /^0$/, hint: RUNNER_TIMEOUT },
  transaction_timeout: { same: /^0$/, hint: RUNNER_TIMEOUT },
  client_encoding: { same: /^(?:utf-?8|unicode)$/i, hint: RUNNER_VALUES },
  datestyle: {
    same: /^iso\b/i,
    hint: 'Write ISO with the order of day and month (ISO,DMY), or leave it out.',
  },
  intervalstyle: { same: /^postgres$/i, hint: RUNNER_VALUES },
  extra_float_digits: { same: /^1$/, hint: RUNNER_VALUES },
  standard_conforming_strings: { same: /^(?:on|true|yes|1)$/i, hint: RUNNER_VALUES },
  bytea_output: { same: /^hex$/i, hint: RUNNER_VALUES },
  xmloption: { same: /^content$/i, hint: RUNNER_VALUES },
  client_connection_check_interval: { same: /^(?:1s|1000)$/, hint: 'Leave it out: it is 1s.' },
  application_name: { hint: 'Write it as a parameter of its own: application_name=<name>.' },
};

/**
 * Parses the options as Postgres does: words are separated by white space, a backslash takes the next character as it is;
 * `-c name=value`, `-cname=value` and `--name=value` set something, and a hyphen in a name stands for an underscore.
 * https://www.postgresql.org/docs/current/app-postgres.html
 */
export function parseStartupOptions(text: string): StartupOptions | RefusedOptions {
  const settings = new Map<string, string>();
  const proxyWords: string[] = [];
  const words = splitWords(text);
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (PROXY_WORD.test(word)) {
      proxyWords.push(word);
      continue;
    }
    const assignment = word === '-c' ? words[(index += 1)] : /^-[-c](.+)$/s.exec(word)?.[1];
    const parsed = assignment === undefined ? undefined : parseAssignment(assignment);
    if (parsed === undefined) {
      return {
        what: 'has options that are not settings',
        hint: 'Write each as -c name=value, percent-encoded: options=-c%20work_mem%3D64MB. A space within a value is %5C%20.',
      };
    }
    const [name, value] = parsed;
    const owned = ownedBy(name);
    if (owned !== undefined && owned.same?.test(value) !== true) {
      return { what: `sets ${name} by its options`, hint: owned.hint };
    }
    // The runner sends the same value itself, except the order of day and month.
    if (owned === undefined || name === 'datestyle') settings.set(name, value);
  }
  return { settings: Object.fromEntries(settings), proxyWords };
}

/** What to do instead of setting one of the runner's own settings in a url; `undefined` for any other name. */
export function insteadOf(name: string): string | undefined {
  return ownedBy(name)?.hint;
}

function ownedBy(name: string) {
  const key = name.toLowerCase();
  return Object.hasOwn(OWNED, key) ? OWNED[key] : undefined;
}

function parseAssignment(text: string): readonly [string, string] | undefined {
  const equals = text.indexOf('=');
  if (equals < 0) return undefined;
  const name = text.slice(0, equals).replaceAll('-', '_').toLowerCase();
  return NAME.test(name) ? [name, text.slice(equals + 1)] : undefined;
}

function splitWords(text: string): string[] {
  return Array.from(text.matchAll(/(?:\\[\s\S]|[^\s\\])+/g), ([word]) =>
    word.replace(/\\([\s\S])/g, '$1'),
  );
}
