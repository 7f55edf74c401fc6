import * as v from 'valibot';
import { parseDuration } from '../migration/duration';
import { didYouMean, nearest } from '../plan/nearest';
import type { FindTenants } from './config';
import { resemblesConnection } from './connection-text';

const MAX_IDENTIFIER_BYTES = 63;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const NAME_RULE = ': up to 63 letters, digits, "_", "-" and ".", beginning with a letter or digit';
const NOT_A_NAME = `is not a name for environments${NAME_RULE}`;
/** Keys that an object cannot be trusted to hold. */
const RESERVED_KEYS = ['__proto__', 'prototype', 'constructor'];

/** Says what a value is, without ever printing a long one. */
function found(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > 40 ? `${JSON.stringify(value.slice(0, 40))}…` : JSON.stringify(value);
  }
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

const expected = (what: string) => (issue: { input: unknown }) =>
  `expected ${what}, found ${found(issue.input)}`;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const record = v.custom<Record<string, unknown>>(isRecord, expected('an object'));

/** An object with these keys and no others; each unknown key is an issue of its own. */
function objectOf<const Entries extends v.ObjectEntries>(entries: Entries) {
  const known = Object.keys(entries);
  return v.pipe(
    record,
    v.looseObject(entries),
    v.rawCheck(({ dataset, addIssue }) => {
      const input: unknown = dataset.value;
      if (!isRecord(input)) return;
      for (const key of Object.keys(input).filter((candidate) => !known.includes(candidate))) {
        const question = didYouMean(nearest(key, known, 1));
        addIssue({
          message: `is not a known key${question === undefined ? `; known are ${known.join(', ')}` : `. ${question}`}`,
          path: [{ type: 'object', origin: 'key', input, key, value: undefined }],
        });
      }
    }),
  );
}

/** Named things: environments, databases. At least one. */
function recordOf<const Value extends v.GenericSchema>(what: string, value: Value) {
  return v.pipe(
    record,
    v.custom<Record<string, unknown>>(
      (input) =>
        Object.keys(input as object).length > 0 &&
        !RESERVED_KEYS.some((key) => Object.hasOwn(input as object, key)),
      (issue) =>
        isRecord(issue.input) && Object.keys(issue.input).length === 0
          ? `holds no ${what}, at least one is needed`
          : `holds a reserved name (${RESERVED_KEYS.join(', ')})`,
    ),
    v.record(v.pipe(v.string(), v.regex(NAME, `is not a name for ${what}${NAME_RULE}`)), value),
  );
}

const text = v.pipe(
  v.string(expected('text')),
  v.nonEmpty('must not be empty'),
  v.check((value) => !value.includes('\0'), 'must not hold a NUL character'),
);

const identifier = v.pipe(
  text,
  v.check(
    (name) => !resemblesConnection(name),
    'resembles a URL, and a name of a schema is expected. A schema name cannot contain "/", ":", "@" or "="',
  ),
  v.maxBytes(
    MAX_IDENTIFIER_BYTES,
    (issue) =>
      `is ${issue.received} bytes long; Postgres cuts identifiers off at ${MAX_IDENTIFIER_BYTES}`,
  ),
);

const schemaName = v.pipe(
  identifier,
  v.check(
    (name) => !/^pg_/i.test(name) && name !== 'information_schema',
    'is a schema of Postgres itself',
  ),
);

const project = v.pipe(
  text,
  v.check(
    (name) => name.trim() === name && !/[\u0000-\u001f\u007f]/.test(name) && name.length <= 214,
    'must be at most 214 characters, without control characters or spaces around it',
  ),
);

const projectNames = v.array(project, expected('an array of project names'));

const duration = v.pipe(
  v.custom<string | number>(
    (input) =>
      (typeof input === 'string' || typeof input === 'number') &&
      parseDuration(input) !== undefined,
    expected("a duration such as '5s', '500ms', '2m' or a number of milliseconds"),
  ),
  v.transform((input) => parseDuration(input) ?? 0),
);

const outOfOrder = v.picklist(['refuse', 'allow'], expected("'refuse' or 'allow'"));

/** What is found is never printed: it may be a secret in the wrong place. */
const url = v.lazy((input) =>
  isRecord(input)
    ? objectOf({ env: text })
    : v.string("expected a url or { env: 'NAME' of an environment variable }"),
);

const database = objectOf({ url: v.optional(url) });

const environment = v.pipe(
  objectOf({
    url: v.optional(url),
    databases: v.optional(recordOf('databases', database)),
    protected: v.optional(v.boolean(expected('true or false'))),
    renamedFrom: v.optional(
      v.array(
        v.pipe(v.string(expected('the name of an environment')), v.regex(NAME, NOT_A_NAME)),
        expected('an array of former names'),
      ),
    ),
    lockTimeout: v.optional(duration),
    statementTimeout: v.optional(duration),
    lockWait: v.optional(duration),
    reconnectTimeout: v.optional(duration),
    lockRetries: v.optional(
      v.custom<number>(
        (input) => Number.isInteger(input) && (input as number) >= 0 && (input as number) <= 100,
        expected('a whole number from 0 to 100'),
      ),
    ),
    outOfOrder: v.optional(outOfOrder),
    schema: v.optional(schemaName),
    tenants: v.optional(
      v.custom<FindTenants>((input) => typeof input === 'function', expected('a function')),
    ),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    const input: unknown = dataset.value;
    if (!isRecord(input) || input['url'] === undefined || input['databases'] === undefined) return;
    addIssue({ message: 'has both url and databases; it takes one of them' });
  }),
);

/** A former name stands for one environment, or a database would be accepted as several. */
const environments = v.pipe(
  recordOf('environments', environment),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const claimed = new Map<string, string>();
    for (const [name, { renamedFrom = [] }] of Object.entries(dataset.value)) {
      for (const former of renamedFrom) {
        const other = claimed.get(former);
        claimed.set(former, name);
        const wrong = Object.hasOwn(dataset.value, former)
          ? `names "${former}", which is an environment of this configuration`
          : other !== undefined && `names "${former}", which ${other} names as well`;
        if (wrong !== false) addIssue({ message: wrong, path: pathTo(dataset.value, name) });
      }
    }
  }),
);

function pathTo(
  input: Record<string, unknown>,
  name: string,
): [v.ObjectPathItem, v.ObjectPathItem] {
  const value = input[name] as Record<string, unknown>;
  const former = value['renamedFrom'];
  return [
    { type: 'object', origin: 'value', input, key: name, value },
    { type: 'object', origin: 'value', input: value, key: 'renamedFrom', value: former },
  ];
}

/** What a configuration file may hold. Every mistake is an issue of its own. */
export const configSchema = v.pipe(
  objectOf({
    project: v.optional(project),
    renamedFrom: v.optional(projectNames),
    notRenamedFrom: v.optional(projectNames),
    migrations: v.optional(text),
    schema: v.optional(schemaName),
    searchPath: v.optional(v.array(identifier, expected('an array of schema names'))),
    outOfOrder: v.optional(outOfOrder),
    loadTimeout: v.optional(duration),
    environments: v.optional(environments),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { renamedFrom = [], notRenamedFrom = [] } = dataset.value;
    for (const name of renamedFrom.filter((each) => notRenamedFrom.includes(each))) {
      addIssue({ message: `lists ${JSON.stringify(name)} in both renamedFrom and notRenamedFrom` });
    }
  }),
);

/** A configuration with durations in milliseconds and defaults not yet filled in. */
export type CheckedConfig = v.InferOutput<typeof configSchema>;
export type CheckedEnvironment = v.InferOutput<typeof environment>;
