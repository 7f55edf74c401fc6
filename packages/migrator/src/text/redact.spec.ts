import fc from 'fast-check';
import { inspect } from 'node:util';
import { redact, redactUpTo, rememberSecret, rememberSecretsOf } from './redact';

const json = (text: string) => JSON.stringify(text).slice(1, -1);
const lower = (text: string) => text.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase());
const strict = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
const everyByte = (text: string) =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const unicode = (text: string) =>
  text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');

const ENCODINGS: readonly [string, (text: string) => string][] = [
  ['as it is', (text) => text],
  ['in a URL', encodeURIComponent],
  ['in a URL, lower case', (text) => lower(encodeURIComponent(text))],
  ['in a URL, strictly encoded', strict],
  ['in a URL, every byte encoded', everyByte],
  ['in a loosely encoded URL', encodeURI],
  ['in a form', (text) => encodeURIComponent(text).replaceAll('%20', '+')],
  ['in a URL in a URL', (text) => encodeURIComponent(encodeURIComponent(text))],
  ['in JSON', json],
  ['in JSON in JSON', (text) => json(json(text))],
  ['in JSON in JSON in JSON', (text) => json(json(json(text)))],
  ['in a URL in JSON', (text) => json(encodeURI(text))],
  ['in JSON in a URL', (text) => encodeURIComponent(json(text))],
  ['in escapes of JavaScript', unicode],
  ['in SQL', (text) => text.replaceAll("'", "''")],
  ['in an escape string of SQL', (text) => text.replace(/['\\]/g, '\\$&')],
  ['in a quoted name', (text) => text.replaceAll('"', '""')],
  ['in inspect', (text) => inspect(text).slice(1, -1)],
  ['in inspect in JSON', (text) => json(inspect({ key: text }).slice(8, -3))],
];

describe('A remembered secret', () => {
  const nasty = [
    'canary-S3cret',
    'with space & sign',
    "it's/100%+ö?#@:",
    'back\\slash "quoted"',
    'ends with\\',
    '"starts and ends"',
    '漢字-canary-🐘',
    "$& $1 $' $` $$",
    '.*(a+)+$[^]|\\d',
    'line\nbreak\ttab',
    '%41%2e%zz',
    '\\n\\u0041\\x',
    "''\"\"''",
    '":{"',
  ];
  it.each(nasty)('%j is masked however it is escaped', (secret) => {
    rememberSecret(secret);
    for (const [, encode] of ENCODINGS) {
      expect(redact(`before ${encode(secret)} after`)).toBe('before *** after');
    }
  });

  it('is masked when it was given encoded', () => {
    rememberSecret('enc%40ded-canary');
    expect(redact('enc@ded-canary')).toBe('***');
  });

  it('is masked in base64, alone and in the header of basic authentication', () => {
    rememberSecret('canary-for-base64');
    for (const user of ['', 'a:', 'ab:', 'abc:']) {
      const text = Buffer.from(`${user}canary-for-base64${user}`).toString('base64');
      expect(redact(`Authorization: Basic ${text}`)).toContain('***');
      expect(Buffer.from(redact(text).replace('***', ''), 'base64').toString()).not.toMatch(
        /canar|for-b/,
      );
    }
  });

  it('that contains another one is masked as a whole', () => {
    rememberSecret('canary-inner');
    rememberSecret('outer-canary-inner-outer');
    expect(redact('outer-canary-inner-outer')).toBe('***');
  });

  it('that overlaps another one is masked as a whole', () => {
    rememberSecret('first-canary');
    rememberSecret('canary-second');
    expect(redact('<first-canary-second>')).toBe('<***>');
  });

  it('that everybody knows is masked in URLs only', () => {
    rememberSecret('postgres');
    expect(redact('postgres at postgres://postgres:postgres@db/postgres')).toBe(
      'postgres at postgres://postgres:***@db/postgres',
    );
  });

  it('of one or two characters is masked in URLs and settings only', () => {
    rememberSecret('1');
    rememberSecret('zq');
    expect(redact('1 of 10 in zq: postgres://u:1@db/1 password=zq')).toBe(
      '1 of 10 in zq: postgres://u:***@db/1 password=***',
    );
  });

  it('that equals the user or the database of its URL is masked in URLs only', () => {
    rememberSecretsOf('postgres://warehouse:warehouse@db.example.org/warehouse');
    expect(redact('warehouse at postgres://warehouse:warehouse@db/warehouse')).toBe(
      'warehouse at postgres://warehouse:***@db/warehouse',
    );
  });

  it('is found in a URL that does not parse', () => {
    rememberSecretsOf('postgres://joe:can/ary?of#joe@@db:port/shop');
    expect(redact('password can/ary?of#joe@')).toBe('password ***');
  });

  it('never shows, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 8, unit: 'grapheme' }),
        fc.constantFrom(...ENCODINGS),
        (secret, [, encode]) => {
          rememberSecret(secret);
          expect(redact(`<${encode(secret)}|`)).toBe('<***|');
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('A secret that was not remembered', () => {
  it.each([
    ['postgres://app:hidden@db/shop', 'postgres://app:***@db/shop'],
    // A URL that was taken for a path.
    ['/srv/postgres:/app:hidden@db/shop', '/srv/postgres:/app:***@db/shop'],
    ['see postgresql://app:p@ss@db:5432/shop now', 'see postgresql://app:***@db:5432/shop now'],
    ['redis://:hidden@cache', 'redis://:***@cache'],
    ['postgres:\\/\\/app:hidden@db', 'postgres:\\/\\/app:***@db'],
    ['url=postgres%3A%2F%2Fapp%3Ahidden%40db%2Fshop', 'url=postgres%3A%2F%2Fapp%3A***%40db%2Fshop'],
    ['host=db password=hidden user=app', 'host=db password=*** user=app'],
    [`PASSWORD='hid den'`, `PASSWORD=***`],
    ['PGPASSWORD=hidden psql', 'PGPASSWORD=*** psql'],
    ['?sslmode=require&sslpassword=hidden&x=1', '?sslmode=require&sslpassword=***&x=1'],
    ['{"user":"app","password":"hid\\"den"}', '{"user":"app","password":"***"}'],
    ['"{\\"password\\":\\"hidden\\"}"', '"{\\"password\\":\\"***\\"}"'],
    ["{ password: 'hidden' }", "{ password: '***' }"],
    ["ALTER ROLE app PASSWORD 'hid''den';", "ALTER ROLE app PASSWORD '***';"],
    [
      "CREATE ROLE app ENCRYPTED PASSWORD E'hid\\'den'",
      "CREATE ROLE app ENCRYPTED PASSWORD E'***'",
    ],
    ['ALTER ROLE app PASSWORD $x$hidden$x$', 'ALTER ROLE app PASSWORD $x$***$x$'],
  ])('is masked in %s', (text, expected) => {
    expect(redact(text)).toBe(expected);
    expect(redact(expected)).toBe(expected);
  });

  it('is masked to its end, also if it is a token of a cloud with thousands of characters', () => {
    const token = 'hidden&'.repeat(1_000);
    expect(redact(`password='${token}' next`)).toBe('password=*** next');
    expect(redact(`{"password": "${token}"}`)).toBe('{"password": "***"}');
    expect(redact(`ALTER ROLE app PASSWORD '${token}';`)).toBe("ALTER ROLE app PASSWORD '***';");
  });

  it.each([
    'password authentication failed for user "app" at http://db:5432/shop',
    'The password: it must have 8 characters.',
    'see https://example.org/a:b@c and mailto:joe@example.org',
  ])('is not suspected in: %s', (text) => {
    expect(redact(text)).toBe(text);
  });
});

describe('Redacting', () => {
  it('cuts a text without showing a part of a secret', () => {
    rememberSecret('canary-at-the-cut');
    const text = `${'x'.repeat(95)}canary-at-the-cut and more`;
    for (let limit = 90; limit < 118; limit += 1) {
      const head = redactUpTo(text, limit);
      expect(head.text.replace('***', '')).toMatch(/^x+( [a-z ]*)?$/);
      if (limit >= 112) expect(head.omitted).toBe(text.length - limit);
    }
  });

  it('does not cut a character into halves', () => {
    expect(redactUpTo('ab🐘cd', 3)).toEqual({ text: 'ab', omitted: 4 });
  });

  it.each([
    ['a word', (size: number) => 'x'.repeat(size)],
    ['a scheme', (size: number) => 'a+'.repeat(size / 2)],
    ['URLs', (size: number) => 'a://b:'.repeat(size / 6)],
    ['one URL', (size: number) => `a://${'b'.repeat(size / 2)}:${'c'.repeat(size / 2)}`],
    ['keywords', (size: number) => 'password='.repeat(size / 9)],
    ['open quotes', (size: number) => `password "password='`.repeat(size / 19)],
    ['open SQL strings', (size: number) => "password '' $$".repeat(size / 13)],
    ['dollars', (size: number) => 'password $a$ '.repeat(size / 13)],
    ['white space', (size: number) => `password${' '.repeat(size)}`],
    ['backslashes', (size: number) => '\\'.repeat(size)],
    ['percent signs', (size: number) => '%41%'.repeat(size / 4)],
    ['quotes', (size: number) => "'".repeat(size)],
    ['beginnings of secrets', (size: number) => 'tenant-'.repeat(size / 7)],
  ])('takes linear time for 2 MB of %s and a thousand secrets', (_, make) => {
    for (let tenant = 0; tenant < 1000; tenant += 1) rememberSecret(`tenant-${tenant}-canary`);
    const text = make(2_000_000);
    expect(redact(`${text} tenant-17-canary`)).not.toContain('tenant-17-canary');
  });

  it('remembers a thousand secrets while lines are redacted', () => {
    for (let tenant = 0; tenant < 1000; tenant += 1) {
      rememberSecret(`canary-${tenant}-of-a-tenant`);
      expect(redact(`tenant canary-${tenant}-of-a-tenant.`)).toBe('tenant ***.');
    }
  });
});
