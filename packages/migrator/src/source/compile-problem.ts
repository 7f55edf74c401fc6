import { extname, resolve } from 'node:path';
import type { Message } from 'esbuild';
import type { Problem } from '../errors';
import { locationPrefix } from './original-location';

/** Whether the compiler only minds that a CommonJS module awaits at its top level. */
export function isTopLevelAwait(error: Message): boolean {
  return error.text.startsWith('Top-level await is');
}

/**
 * Turns an error of the compiler into `COMPILE_FAILED` with file:line:column and the line itself.
 *
 * @param path the module that was compiled; the error may be in a file that it imports
 */
export function compileProblem(error: Message, path: string, workspaceRoot: string): Problem {
  const { location } = error;
  if (location === null) {
    return { code: 'COMPILE_FAILED', message: `${path}: ${error.text}`, where: path };
  }
  const file = resolve(workspaceRoot, location.file);
  // What we put in front of the first line is not the author's.
  const prefix = location.line === 1 ? locationPrefix(file, location.lineText) : '';
  const ours = location.lineText.startsWith(prefix) ? prefix.length : 0;
  const lineText = location.lineText.slice(ours);
  const column = Math.max(0, location.column - ours);
  const where = `${file}:${location.line}:${column + 1}`;
  const line = lineText.length > 200 ? `${lineText.slice(0, 200)}…` : lineText.trimEnd();
  return {
    code: 'COMPILE_FAILED',
    message: `${where}: ${error.text}${line === '' ? '' : `\n    ${line}`}`,
    hint: hintFor(error, path),
    where,
  };
}

function hintFor(error: Message, path: string): string {
  const extension = extname(path);
  if (isTopLevelAwait(error)) {
    return `A ${extension} file is CommonJS, which cannot await at its top level: rename it to ${extension.replace('c', 'm')}.`;
  }
  if (error.text.startsWith('Could not resolve')) {
    return 'Correct the path, or install the package.';
  }
  if (error.text.startsWith('No loader is configured')) {
    return 'Read it with readFileSync(join(__dirname, …)); only code and JSON can be imported.';
  }
  return 'Correct the file.';
}
