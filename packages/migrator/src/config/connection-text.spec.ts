import { checkConfig } from './check-config';
import { quoteGiven, resemblesConnection } from './connection-text';

describe('G3: a text that resembles a URL', () => {
  it.each([
    'postgress://joe:pw@h/db',
    ' postgres://joe:pw@h/db',
    'postgres:/joe:pw@h/db',
    'postgres//h/db',
    'postgresql:acme',
    'jdbc:postgresql://h/db',
    'jdbc:postgresql:acme',
    'pglite:.data/x',
    '//h/db',
    '127.0.0.1:5432/acme',
    'localhost/acme',
    'localhost:5432',
    '[::1]:5432',
    'joe@h',
    'joe:pw@h',
    '/var/run/postgresql',
    'host=h dbname=acme',
    'dbname = acme',
    'Server=h;Database=acme;Password=pw',
    'postgres%3A%2F%2Fjoe%3Apw%40h%2Fdb',
    'postgres：／／joe:pw@h',
  ])('is never taken for a name: %s', (text) => {
    expect(resemblesConnection(text)).toBe(true);
  });

  it.each([
    'acme',
    'acme-eu',
    'tenant 7',
    'ACME.Europe',
    'acme.example.com',
    'Köln',
    '客户',
    '$1',
    'q\'uo"te\\',
    '100%',
    '1',
  ])('is not the name %j', (text) => {
    expect(resemblesConnection(text)).toBe(false);
  });

  it('is not shown where it is given instead of a name', () => {
    for (const given of ['postgres://joe:pw-9@h/db', 'joe:pw-9@h', 'password=pw-9']) {
      expect(quoteGiven(given)).not.toContain('pw-9');
    }
    expect(quoteGiven('h:5432/acme')).toBe('"h:5432/acme"');
  });

  it('is refused as a schema, in a search path and as a name in a configuration', () => {
    const secret = 'joe:pw-9@h/db';
    for (const config of [
      { schema: secret },
      { schema: `postgres://${secret}` },
      { searchPath: ['public', secret] },
      { environments: { production: { url: 'pglite:x', schema: secret } } },
      { environments: { production: { databases: { [secret]: {} } } } },
      { environments: { [secret]: {} } },
    ]) {
      let message = '';
      try {
        checkConfig(config, 'db.config.ts');
      } catch (error) {
        message = JSON.stringify(error) + String(error);
      }
      expect(message).toContain('INVALID_CONFIG');
      expect(message).not.toContain('pw-9');
    }
  });
});
