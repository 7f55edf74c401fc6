import fc from 'fast-check';
import { redact, rememberSecret } from './redact';

describe('A remembered secret', () => {
  it.each([
    'canary-S3cret',
    'with space & sign',
    "it's/100%+ö?#@:",
    'back\\slash "quoted"',
    '漢字-canary',
  ])('%s is masked in every form', (secret) => {
    rememberSecret(secret);
    const forms = [secret, encodeURIComponent(secret)];
    for (const form of forms) expect(redact(`before ${form} after`)).toBe('before *** after');
  });

  it('is masked when it was given encoded', () => {
    rememberSecret('enc%40ded-canary');
    expect(redact('enc@ded-canary')).toBe('***');
  });

  it('that holds another one is masked whole', () => {
    rememberSecret('canary-inner');
    rememberSecret('outer-canary-inner-outer');
    expect(redact('outer-canary-inner-outer')).toBe('***');
  });

  it('that everybody knows is masked in urls only', () => {
    rememberSecret('postgres');
    expect(redact('postgres at postgres://postgres:postgres@db/postgres')).toBe(
      'postgres at postgres://postgres:***@db/postgres',
    );
  });

  it('never shows, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, unit: 'grapheme' }), (secret) => {
        rememberSecret(secret);
        const text = redact(`<${secret}|${encodeURIComponent(secret)}>`);
        expect(text.includes(secret)).toBe(false);
      }),
    );
  });
});

describe('A secret that nobody told of', () => {
  it.each([
    ['postgres://app:hidden@db/shop', 'postgres://app:***@db/shop'],
    ['see postgresql://app:p@ss@db:5432/shop now', 'see postgresql://app:***@db:5432/shop now'],
    ['redis://:hidden@cache', 'redis://:***@cache'],
    ['host=db password=hidden user=app', 'host=db password=*** user=app'],
    [`PASSWORD='hid den'`, `PASSWORD=***`],
  ])('is masked in %s', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it('leaves ordinary text alone', () => {
    const text = 'password authentication failed for user "app" at http://db:5432/shop';
    expect(redact(text)).toBe(text);
  });
});
