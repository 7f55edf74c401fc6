/** Type OIDs are the same in every Postgres: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
export const BOOL = 16;
export const BYTEA = 17;
export const INTERVAL = 1186;
export const POINT = 600;
export const CIRCLE = 718;
export const JSON_TYPE = 114;
export const JSONB = 3802;
export const DATE = 1082;
export const TIMESTAMP = 1114;
export const TIMESTAMPTZ = 1184;
const MONEY = 790;

export const NUMBERS = new Set([21, 23, 26, 700, 701]);
export const DATES = new Set([DATE, TIMESTAMP, TIMESTAMPTZ]);

/** Array types that become JavaScript arrays, as in `pg`, with the type of their elements. All others stay text. */
export const ARRAYS: ReadonlyMap<number, number> = new Map([
  [1000, BOOL],
  [1001, BYTEA],
  [1005, 21],
  [1007, 23],
  [1028, 26],
  [1016, 20],
  [1021, 700],
  [1022, 701],
  [1231, 1700],
  [1017, POINT],
  [1008, 24],
  [1009, 25],
  [1014, 1042],
  [1015, 1043],
  [651, 650],
  [1041, 869],
  [1040, 829],
  [1115, TIMESTAMP],
  [1182, DATE],
  [1185, TIMESTAMPTZ],
  [1187, INTERVAL],
  [199, JSON_TYPE],
  [3807, JSONB],
  [3907, 3906],
  [2951, 2950],
  [791, MONEY],
  [1183, 1083],
  [1270, 1266],
]);

/** float4, float8, their arrays, and the geometric types with theirs: all written with `extra_float_digits`. */
const FLOATS = new Set([
  700, 701, 1021, 1022, 600, 601, 602, 603, 604, 628, 718, 1017, 1018, 1019, 1020, 1027, 629, 719,
]);

/** What the text of a type depends on besides the value. `container`: on all that the types inside depend on. */
export type Dependence =
  'no input' | 'nothing' | 'float digits' | 'money' | 'interval' | 'dates' | 'container';

export const RECORD = 2249;
export const RECORD_ARRAY = 2287;
const FIRST_USER_OID = 16_384;

/** Judges by the text where the type is not known: composites, ranges, and arrays of anything. */
export function dependenceOf(oid: number, text: string): Dependence {
  if (OUTPUT_ONLY.has(oid)) return 'no input';
  if (FLOATS.has(oid)) return 'float digits';
  if (oid === MONEY || oid === 791) return 'money';
  if (oid === INTERVAL || oid === 1187) return 'interval';
  if (DATES.has(ARRAYS.get(oid) ?? 0)) return 'dates';
  // Text of these is the value itself, whatever it begins with.
  if (TEXTS.has(oid) || ARRAYS.has(oid) || !/^[[({]/.test(text)) return 'nothing';
  const known = oid < FIRST_USER_OID && oid !== RECORD && oid !== RECORD_ARRAY;
  return known ? 'dates' : 'container';
}

/** Types without an input function: pg_node_tree, gtsvector and its array, extended statistics, summaries of BRIN. */
const OUTPUT_ONLY = new Set([194, 3642, 3644, 3361, 3402, 5017, 4600, 4601]);

/** "char", name, text, bpchar, varchar, xml, json, jsonb, jsonpath, tsvector, tsquery, tid. */
const TEXTS = new Set([18, 19, 25, 1042, 1043, 142, JSON_TYPE, JSONB, 4072, 3614, 3615, 27]);

const NAMES: Readonly<Record<number, string>> = {
  16: 'boolean',
  17: 'bytea',
  114: 'json',
  199: 'json[]',
  600: 'point',
  700: 'real',
  701: 'double precision',
  718: 'circle',
  790: 'money',
  1082: 'date',
  1114: 'timestamp',
  1184: 'timestamptz',
  1186: 'interval',
  3802: 'jsonb',
  3807: 'jsonb[]',
};

/** The name of a type for a message. */
export function typeName(oid: number): string {
  const element = ARRAYS.get(oid);
  const elementName = element === undefined ? undefined : NAMES[element];
  return NAMES[oid] ?? (elementName ? `${elementName}[]` : `the type with OID ${oid}`);
}
