/**
 * Passwords that are masked only in URLs and settings. Everybody knows the defaults. The other words are values and labels of the
 * output: masked, they would make a JSON document useless, and the mask would show the password all the same.
 */
const PUBLIC_WORDS = new Set(
  [
    'postgres postgresql pglite password passwd secret root admin user test guest public localhost',
    'development staging production local preview default',
    'applied pending failed reverted running retired planned refused skipped done apply revert baseline',
    'repair migrate rollback status nothing-to-do not-reached true false null none unknown error warn info debug',
    'migration migrations project environment database tenant version name message code hint where',
  ]
    .join(' ')
    .split(' '),
);

export function isPublicWord(word: string): boolean {
  return PUBLIC_WORDS.has(word.toLowerCase());
}
