import { Scanner, type Token } from './scanner';

/**
 * Reads the `dependencies` of a migration off its source, without compiling or running it: the string literals in the
 * array behind `dependencies:` or `dependencies =`, wherever it stands. Meant for the project graph, where cheap matters: a dependency
 * that is computed is not seen, and one in an object that is not the migration is seen as well. What a run obeys is the
 * loaded migration's list.
 *
 * Never throws, whatever the text is.
 *
 * @param source the text of a migration file, TypeScript or JavaScript
 * @returns the literals as written (`20250915100000`, `users:20250910090000`), in order, each once
 * @example
 * ```ts
 * readDependencies(`export default { dependencies: ['users:20250910090000'] }`); // ['users:20250910090000']
 * ```
 */
export function readDependencies(source: string): string[] {
  if (!source.includes('dependencies')) return [];
  const found = new Set<string>();
  const scanner = new Scanner(source);
  let key = false;
  let token = scanner.next();
  while (token !== undefined) {
    if (key && token.kind === 'punctuation' && (token.text === ':' || token.text === '=')) {
      token = scanner.next();
      if (token?.kind === 'punctuation' && token.text === '[') {
        for (const text of readArray(scanner)) found.add(text);
        token = scanner.next();
      }
      key = false;
      continue;
    }
    key = token.kind !== 'punctuation' && token.text === 'dependencies';
    token = scanner.next();
  }
  return [...found];
}

/** The elements of an array that are nothing but a string literal; the scanner stands behind the `[`. */
function readArray(scanner: Scanner): string[] {
  const texts: string[] = [];
  let depth = 1;
  let element: Token[] = [];
  for (let token = scanner.next(); token !== undefined; token = scanner.next()) {
    const mark = token.kind === 'punctuation' ? token.text : '';
    if ('([{'.includes(mark) && mark !== '') depth += 1;
    if (')]}'.includes(mark) && mark !== '') depth -= 1;
    if (depth === 0 || (depth === 1 && mark === ',')) {
      const [only, ...rest] = element;
      if (only?.kind === 'string' && rest.length === 0 && only.text !== '') texts.push(only.text);
      element = [];
      if (depth === 0) break;
      continue;
    }
    element.push(token);
  }
  return texts;
}
