import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { FrontEnd } from './front-end';
import { remedyLine, renderRemedy, type Remedy } from './remedy';

const FF: FrontEnd = { kind: 'ff' };
const NX: FrontEnd = { kind: 'nx', targetOf: (command, project) => `${project}:db-${command}` };
const rollback: Remedy = {
  command: 'rollback',
  target: { project: '@acme/shop', environment: 'production', databaseName: 'us', tenant: 't1' },
  migration: '20250917102200',
};

describe('The command line of a remedy', () => {
  it('G1: names project, environment, database and tenant', () => {
    expect(remedyLine(rollback, FF)).toBe(
      'ff db rollback 20250917102200 --project=@acme/shop --env=production --database=us --tenant=t1',
    );
    expect(remedyLine(rollback, NX)).toBe(
      'nx run @acme/shop:db-rollback:production --name=20250917102200 --database=us --tenant=t1',
    );
    expect(renderRemedy(rollback, { kind: 'program' })).toContain('` or `ff db rollback');
  });

  it('quotes names for a shell', () => {
    const target = { project: 'my shop', environment: 'eu', tenant: "o'neill & co" };
    const remedy: Remedy = { command: 'repair', target, options: { yes: true } };
    expect(remedyLine(remedy, FF)).toBe(
      String.raw`ff db repair --project='my shop' --env=eu --tenant='o'\''neill & co' --yes`,
    );
    expect(remedyLine(remedy, NX)).toContain("nx run 'my shop:db-repair:eu' ");
  });

  it('G1: names development where NODE_ENV would lead to another environment', () => {
    const target = { project: 'shop', environment: 'development' };
    const remedy: Remedy = { command: 'migrate', target };
    expect(remedyLine(remedy, FF)).toBe('ff db migrate --project=shop');
    const inProduction = { ...FF, defaultEnvironment: 'production' };
    expect(remedyLine(remedy, inProduction)).toBe('ff db migrate --project=shop --env=development');
    expect(remedyLine(remedy, { ...NX, defaultEnvironment: 'test' })).toContain(':development');
  });

  it('shows what the user fills in', () => {
    const target = {
      project: { placeholder: 'project' },
      environment: { placeholder: 'environment' },
    };
    expect(remedyLine({ command: 'status', target }, FF)).toBe(
      'ff db status --project=<project> --env=<environment>',
    );
    expect(remedyLine({ command: 'status', target }, NX)).toBe(
      'nx run <project>:status:<environment>',
    );
  });
});

describe('The engine', () => {
  const source = __dirname;
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (path) =>
      path.endsWith('.ts') && !/\.spec\.ts$|testing|fixtures/.test(path) && path !== 'remedy.ts',
  );

  /** The text of all string and template literals of a file; comments are none. */
  function literals(path: string): string[] {
    const file = ts.createSourceFile(
      path,
      readFileSync(join(source, path), 'utf8'),
      ts.ScriptTarget.Latest,
    );
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isLiteralExpression(node) || ts.isTemplateLiteralToken(node)) found.push(node.text);
      ts.forEachChild(node, visit);
    };
    visit(file);
    return found;
  }

  it('G1: writes command lines in one place only', () => {
    expect(files.length).toBeGreaterThan(100);
    const lines = files.flatMap((path) =>
      literals(path)
        .filter((text) => /\bff db |\bnx (run|g) /.test(text))
        .map((text) => `${path}: ${text}`),
    );
    expect(lines).toEqual([]);
  });
});
