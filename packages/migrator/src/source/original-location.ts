import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * A compiled module runs from another folder, so what asks for its own place is pointed back at the file it was compiled
 * from: reading a `.sql` file beside it must work. These names are replaced wherever a file does not declare them itself.
 */
export const locationNames: Readonly<Record<string, string>> = {
  __filename: '__ffFilename',
  __dirname: '__ffDirname',
  'import.meta.filename': '__ffFilename',
  'import.meta.dirname': '__ffDirname',
  'import.meta.url': '__ffUrl',
  'import.meta.resolve': '__ffResolveUrl',
  'require.resolve': '__ffResolve',
};

const asksForLocation = /__dirname|__filename|import\.meta|require\.resolve/;

/**
 * The declarations of {@link locationNames} for one file, to stand in front of its first line without a line break, so that
 * line numbers stay; empty for a file that asks for none of them.
 */
export function locationPrefix(path: string, source: string): string {
  if (!asksForLocation.test(source)) return '';
  const url = pathToFileURL(path).href;
  const values = {
    __ffFilename: JSON.stringify(path),
    __ffDirname: JSON.stringify(dirname(path)),
    __ffUrl: JSON.stringify(url),
    __ffResolve: `(id)=>process.getBuiltinModule("node:module").createRequire(${JSON.stringify(path)}).resolve(id)`,
    __ffResolveUrl:
      '(id)=>process.getBuiltinModule("node:url").pathToFileURL(__ffResolve(id)).href',
  };
  const declarations = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  // A directive counts only as the first statement.
  const strict = /^\s*(['"])use strict\1/.test(source) ? '"use strict";' : '';
  return `${strict}const ${declarations.join(',')};`;
}

/** Reads a source and puts its {@link locationPrefix} in front; drops a BOM and turns a `#!` line into a comment. */
export function readWithLocation(path: string): string {
  const source = readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  const prefix = locationPrefix(path, source);
  return prefix + (source.startsWith('#!') ? `//${source}` : source);
}
