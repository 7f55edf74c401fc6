import { redact } from '@flashfusion/migrator';
import { cleanJson, print, tell } from './output';

const URL = 'postgres://me:canary@db/app';

describe('what executors print', () => {
  let said = '';
  beforeEach(() => {
    said = '';
    const listen = (text: unknown) => ((said += String(text)), true);
    jest.spyOn(process.stdout, 'write').mockImplementation(listen);
    jest.spyOn(process.stderr, 'write').mockImplementation(listen);
  });
  afterEach(() => jest.restoreAllMocks());

  it('goes through the redactor of the engine', () => {
    print(URL);
    tell(`${URL} sslpassword=canary`);
    expect(said).not.toContain('canary');
    expect(redact(said)).toBe(said);
  });

  it('stays JSON where a secret stood at the end of a text', () => {
    const text = cleanJson({ list: ['sslpassword=canary', URL], error: new Error(URL) });
    expect(JSON.parse(text)).toMatchObject({
      list: ['sslpassword=***', 'postgres://me:***@db/app'],
    });
    expect(text).not.toContain('canary');
  });
});
