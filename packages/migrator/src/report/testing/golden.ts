import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Compares a text with the expected one in `fixtures/<name>`, which is made to be read. `UPDATE_GOLDENS=1` writes it anew:
 * look at the difference before you commit it.
 */
export function expectGolden(text: string, name: string): void {
  const path = join(__dirname, '..', 'fixtures', name);
  const withEnd = text.endsWith('\n') ? text : `${text}\n`;
  if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(path, withEnd);
  expect(withEnd).toBe(readFileSync(path, 'utf8'));
}
