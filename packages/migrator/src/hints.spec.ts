import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '..', '..', '..');
const packages = join(root, 'packages');

/** SQL that writes to, or removes, a table of the history. `\S*` stands for what a template puts there. */
const WRITES =
  /\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE(\s+TABLE)?|(ALTER|DROP)\s+TABLE)\s+(ONLY\s+)?\S*(migration_(history|database|chain)|tables\.(history|database|chain))/i;
/** The same as advice in words. */
const ADVICE =
  /\b(delete|remove|edit|change|update|insert|drop|set)\b[^.;]{0,40}\b(rows?(?! (security|level))|column|stamps?|version)\b[^.;]*\b(migration_(history|database|chain)|tables\.(history|database|chain)|history)\b/i;

/** All text that a user may read as advice: values of `hint`, constants and functions that are named after hints, and reports. */
function advice(path: string): string[] {
  const source = ts.createSourceFile(
    path,
    readFileSync(path, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: string[] = [];
  const isNamed = (node: ts.Node): boolean =>
    (ts.isPropertyAssignment(node) ||
      ts.isVariableDeclaration(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isShorthandPropertyAssignment(node)) &&
    /hint|message|waysOut|advice|guidance|remed/i.test(node.name?.getText() ?? '');
  const visit = (node: ts.Node, inside: boolean): void => {
    const here = inside || isNamed(node);
    if (here && (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node))) {
      found.push(node.getText());
    }
    ts.forEachChild(node, (child) => visit(child, here));
  };
  visit(source, /[/\\]report[/\\]/.test(path));
  return found;
}

const files = readdirSync(packages, { recursive: true, encoding: 'utf8' })
  .filter(
    (path) =>
      /[/\\]src[/\\].*\.ts$/.test(path) && !/node_modules|\.spec\.ts$|testing|fixtures/.test(path),
  )
  .map((path) => join(packages, path));

describe('advice on the history', () => {
  it('is looked for where it is', () => {
    const all = files.flatMap(advice);
    expect(all.length).toBeGreaterThan(300);
    expect(all.join('\n')).toContain('Compare it with a backup');
  });

  it.each([
    ["`Set its version (UPDATE ${tables.history} SET version = '…')`"],
    ['`then DELETE FROM public.migration_history WHERE id = 7`'],
    ['`drop table "x".migration_database`'],
    ['`Delete the row from ${tables.history}.`'],
  ])('is recognized as SQL by hand: %s', (text) => {
    expect(WRITES.test(text) || ADVICE.test(text)).toBe(true);
  });

  it('never asks for SQL by hand, in no message', () => {
    const asked = files.flatMap((path) =>
      advice(path).filter((text) => WRITES.test(text) || ADVICE.test(text)),
    );
    expect(asked).toEqual([]);
  });

  it('never asks for SQL by hand, in no page of the documentation', () => {
    const docs = join(root, 'docs');
    const pages = [
      join(root, 'README.md'),
      ...readdirSync(docs)
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(docs, name)),
    ];
    expect(pages.filter((page) => WRITES.test(readFileSync(page, 'utf8')))).toEqual([]);
  });
});
