import { redact, toJson } from '@flashfusion/migrator';
import { print, tell } from './output';

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

  it('E5: cannot act as a command of a terminal or of a CI', () => {
    print('first\n::set-output name=a::b');
    tell('##vso[task.complete]\u001b[2J');
    expect(said).toBe('first\n\\::set-output name=a::b\n#\\#vso[task.complete]\\x1b[2J\n');
  });

  it('stays JSON where a secret stood at the end of a text', () => {
    const text = toJson({ list: ['sslpassword=canary', URL], error: new Error(URL) });
    expect(JSON.parse(text)).toMatchObject({
      list: ['sslpassword=***', 'postgres://me:***@db/app'],
    });
    expect(text).not.toContain('canary');
  });
});
