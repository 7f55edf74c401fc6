import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigratorError } from './errors';

const source = readFileSync(join(__dirname, 'errors.ts'), 'utf8');
const codes = [...source.matchAll(/^  \| '([A-Z0-9_]+)'/gm)].map((match) => match[1]);
const page = readFileSync(join(__dirname, '..', '..', '..', 'docs', 'errors.md'), 'utf8');
const rows = [...page.matchAll(/^\| `([A-Z0-9_]+)` +\| (.+?) +\| (.+?) +\|$/gm)];

describe('docs/errors.md', () => {
  it('explains every code once, in the order of errors.ts, and no other', () => {
    expect(codes.length).toBeGreaterThan(50);
    expect(rows.map((row) => row[1])).toEqual(codes);
  });

  it('says of each what happened and what to do', () => {
    expect(
      rows.filter(([, , happened, todo]) => !happened?.endsWith('.') || !todo?.endsWith('.')),
    ).toEqual([]);
  });
});

describe('a MigratorError', () => {
  it('is its own only problem', () => {
    const error = new MigratorError('NO_DOWN', 'No down.', { hint: 'Write one.', where: 'api:1' });
    const problem = { code: 'NO_DOWN', message: 'No down.', hint: 'Write one.', where: 'api:1' };
    expect(error.problems).toEqual([problem]);
    expect(error).toMatchObject({ ...problem, name: 'MigratorError' });
  });

  it('of several problems takes its code from the first, and tells all of them', () => {
    const error = MigratorError.fromProblems([
      { code: 'NOT_UTF8', message: 'One.' },
      { code: 'NUL_BYTE', message: 'Two.' },
    ]);
    expect(error).toMatchObject({ code: 'NOT_UTF8', message: '2 problems:\n- One.\n- Two.' });
    expect(error.problems).toHaveLength(2);
  });

  it('of one problem is that problem', () => {
    const problem = { code: 'NOT_UTF8', message: 'One.', hint: 'Save it anew.' } as const;
    expect(MigratorError.fromProblems([problem])).toMatchObject(problem);
  });

  it('keeps its cause', () => {
    const cause = new Error('why');
    expect(new MigratorError('NO_DOWN', 'No down.', { cause }).cause).toBe(cause);
    expect('cause' in new MigratorError('NO_DOWN', 'No down.')).toBe(false);
  });
});
