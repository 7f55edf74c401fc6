import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** What one source file needs when it runs: imports of types only are gone by then. */
export interface ModuleFacts {
  readonly path: string;
  /** Specifiers as written, of `import`, `export … from`, `import()`, `require()`. */
  readonly imports: readonly string[];
  /** Names that are used as free-standing values: `process`, `Date`, … and `Date.now`, `new Date()`. */
  readonly names: ReadonlySet<string>;
}

/** The files of a folder that are built: no tests, no fixtures, no templates. */
export function builtFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.[cm]?ts$/.test(path) && !/\.(spec|bench)\.ts$/.test(path))
    .filter((path) => !/(^|[\\/])(testing|fixtures|files)[\\/]/.test(path))
    .map((path) => join(folder, path));
}

/** A file and everything that it reaches by relative imports. */
export function reachableFrom(paths: readonly string[]): ModuleFacts[] {
  const reached = new Map<string, ModuleFacts>();
  const queue = [...paths];
  for (const path of queue) {
    if (reached.has(path)) continue;
    const facts = readModule(path);
    reached.set(path, facts);
    queue.push(...relativeImports(facts));
  }
  return [...reached.values()];
}

/** Absolute paths of a module's relative imports. */
export function relativeImports({ path, imports }: ModuleFacts): string[] {
  return imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => resolveRelative(dirname(path), specifier));
}

function resolveRelative(folder: string, specifier: string): string {
  const bare = join(folder, specifier.replace(/\.js$/, ''));
  const candidates = [`${bare}.ts`, join(bare, 'index.ts'), bare];
  return candidates.find((path) => existsSync(path)) ?? bare;
}

/** Reads one file's imports and names with the TypeScript parser. */
export function readModule(path: string): ModuleFacts {
  const source = readFileSync(path, 'utf8');
  const tree = ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true);
  const imports: string[] = [];
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node)) return;
    const specifier = specifierOf(node);
    if (specifier !== undefined) imports.push(specifier);
    const name = nameOf(node);
    if (name !== undefined) names.add(name);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return { path, imports, names };
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node))
    return isErased(node.importClause) ? undefined : text(node.moduleSpecifier);
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    const types = node.exportClause !== undefined && ts.isNamedExports(node.exportClause);
    const erased = types && node.exportClause.elements.every(({ isTypeOnly }) => isTypeOnly);
    return node.isTypeOnly || erased ? undefined : text(node.moduleSpecifier);
  }
  if (ts.isCallExpression(node)) {
    const { expression } = node;
    const loads =
      expression.kind === ts.SyntaxKind.ImportKeyword ||
      (ts.isIdentifier(expression) && expression.text === 'require');
    return loads ? text(node.arguments[0]) : undefined;
  }
  return undefined;
}

function isErased(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  if (clause.name !== undefined || bindings === undefined) return false;
  return ts.isNamedImports(bindings) && bindings.elements.every(({ isTypeOnly }) => isTypeOnly);
}

function nameOf(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && (node.arguments?.length ?? 0) === 0) {
    return `new ${node.expression.getText()}()`;
  }
  if (ts.isPropertyAccessExpression(node)) return node.getText();
  if (!ts.isIdentifier(node)) return undefined;
  const { parent } = node;
  const isMember =
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    ((ts.isPropertyAssignment(parent) || ts.isBindingElement(parent)) && parent.name === node) ||
    ts.isPropertySignature(parent);
  return isMember ? undefined : node.text;
}

function text(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}
