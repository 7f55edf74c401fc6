import { Scanner, type Token } from './scanner';

/** Without one of these words a file imports nothing. */
const IMPORTING = /\b(?:import|require|from)\b/;

/**
 * Reads what a source file imports, without compiling or running it: the literal specifiers of `import`, `export … from`,
 * `import()` and `require()`. Imports that are only types are left out: they are gone when the file runs. What is
 * computed is not seen.
 *
 * Never throws, whatever the text is.
 *
 * @param source the text of a TypeScript or JavaScript file
 * @returns the specifiers as written, in order, each once
 * @example
 * ```ts
 * readImports(`import { grant } from '../../tools/grants';`); // ['../../tools/grants']
 * ```
 */
export function readImports(source: string): string[] {
  if (!IMPORTING.test(source)) return [];
  const found = new Set<string>();
  const scanner = new Scanner(source);
  /** The tokens before the present one, newest first. */
  let before: Token | undefined;
  let beforeThat: Token | undefined;
  let types = false;
  for (let token = scanner.next(); token !== undefined; token = scanner.next()) {
    if (isWord(before, 'import') || isWord(before, 'export')) types = isWord(token, 'type');
    // `import type from './x'` imports a value that is called type.
    else if (isWord(token, 'from') && isWord(before, 'type')) types = isWord(beforeThat, 'export');
    if (token.kind === 'string' && token.text !== '') {
      const statement = isWord(before, 'from') ? !types : isWord(before, 'import');
      const call =
        isMark(before, '(') && (isWord(beforeThat, 'import') || isWord(beforeThat, 'require'));
      if (statement || call) found.add(token.text);
    }
    beforeThat = before;
    before = token;
  }
  return [...found];
}

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text;
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'punctuation' && token.text === text;
}
