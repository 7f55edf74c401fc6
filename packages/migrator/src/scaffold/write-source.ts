import type { FunctionText, MigrationBody } from './bodies/body';
import { readIntent } from './intent';
import type { KnownTables } from './known-tables';
import { migrationBody } from './migration-body';
import { textListProperty, textProperty } from './typescript-text';

/** What a new migration's file says at its top. */
export interface MigrationHeader {
  readonly version: string;
  /** snake_case. */
  readonly name: string;
  readonly description: string;
  readonly dependencies: readonly string[];
}

/** A new migration's source, and whether it runs as it is. */
export interface WrittenSource {
  readonly source: string;
  /** Why the file must be edited before it runs; `undefined` for one that is complete. */
  readonly notWritten: string | undefined;
}

/**
 * Writes the source of a new migration: strict TypeScript, formatted as Prettier would with `singleQuote`. It runs as
 * generated, or it is a placeholder with `notWritten`. Loads ts-morph, which takes a moment.
 *
 * @param known the tables that the project's migrations create
 * @throws {MigratorError} `IDENTIFIER_TOO_LONG` when the name asks for a table or column that Postgres would cut off
 */
export async function writeSource(
  header: MigrationHeader,
  known: KnownTables = new Map(),
): Promise<WrittenSource> {
  const body = migrationBody(readIntent(header.name, known), header);
  const { IndentationText, NewLineKind, Project, QuoteKind } = await import('ts-morph');
  const project = new Project({
    useInMemoryFileSystem: true,
    skipLoadingLibFiles: true,
    manipulationSettings: {
      indentationText: IndentationText.TwoSpaces,
      newLineKind: NewLineKind.LineFeed,
      quoteKind: QuoteKind.Single,
    },
  });
  const file = project.createSourceFile('migration.ts');
  file.addImportDeclaration({
    moduleSpecifier: '@flashfusion/migrator',
    namedImports: ['defineMigration'],
  });
  // As a statement: addExportAssignment would indent our lines, those of the SQL left as they are.
  file.addStatements(
    `\nexport default defineMigration({\n${members(header, body).join('\n')}\n});`,
  );
  return { source: file.getFullText(), notWritten: body.notWritten };
}

function members(header: MigrationHeader, body: MigrationBody): string[] {
  return [
    textProperty('version', header.version, '  '),
    textProperty('name', header.name, '  '),
    textProperty('description', header.description, '  '),
    ...(header.dependencies.length === 0
      ? []
      : [textListProperty('dependencies', header.dependencies, '  ')]),
    ...(body.transaction === 'own'
      ? []
      : [
          `  // ${body.transactionNote ?? 'Postgres refuses this in a transaction.'}`,
          '  transaction: false,',
        ]),
    ...(body.notWritten === undefined
      ? []
      : [
          '',
          '  // Nothing runs or records this file until you have edited it and deleted these lines.',
          textProperty('notWritten', body.notWritten, '  '),
        ]),
    '',
    ...functionLines('up', body.up),
    ...(body.down === undefined ? [] : ['', ...functionLines('down', body.down)]),
    ...(body.noDown === undefined ? [] : ['', ...body.noDown.map((line) => `  // ${line}`)]),
    ...(body.validate === undefined ? [] : ['', ...validateLines(body, body.validate)]),
  ];
}

function functionLines(name: 'up' | 'down', { parameters, lines }: FunctionText): string[] {
  return [
    `  async ${name}(${parameters}) {`,
    ...lines.map((line) => (line === '' ? line : `    ${line}`)),
    '  },',
  ];
}

function validateLines({ transaction }: MigrationBody, sql: readonly string[]): string[] {
  return [
    `  // Runs after up: false ${transaction === 'own' ? 'undoes the change' : 'fails the migration'}.`,
    '  async validate(db) {',
    '    const { rows } = await db.query<{ valid: boolean }>(`',
    ...sql.map((line) => `      ${line}`),
    '    `);',
    '    return rows[0]?.valid === true;',
    '  },',
  ];
}
