import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defineMigration } from './define-migration';

describe('defineMigration', () => {
  it('gives the definition back as it is', () => {
    const definition = {
      version: '20250917102200',
      name: 'create_users',
      up: () => ({ moved: 3 }),
    };
    expect(defineMigration(definition)).toBe(definition);
  });

  // Each `@ts-expect-error` in fixtures/types.ts is an assertion, and so is each line without one.
  it('keeps the promises that its types make', async () => {
    const tsc = require.resolve('typescript/bin/tsc');
    const check = promisify(execFile)(process.execPath, [tsc, '-p', join(__dirname, 'fixtures')]);
    const output = await check.catch((error: { stdout: string }) => error);
    expect(output.stdout).toBe('');
  }, 60_000);
});
