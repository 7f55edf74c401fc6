import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture, load, refusal, tell } from './testing/fixtures';

/**
 * Each folder of fixtures/refused is one kind of bad input, with what must be said about it in expected.txt beside it.
 * To write a new one, make the folder and run this with UPDATE_EXPECTED=1; then read what it wrote.
 */
describe('migrations are refused, with every problem at once', () => {
  it.each(readdirSync(fixture('refused')))('%s', async (name) => {
    const folder = fixture('refused', name);
    const told = tell(await refusal(load(folder)), folder);

    const expected = join(folder, 'expected.txt');
    if (process.env.UPDATE_EXPECTED && !existsSync(expected)) writeFileSync(expected, told);
    expect(told).toBe(readFileSync(expected, 'utf8'));
  });
});
