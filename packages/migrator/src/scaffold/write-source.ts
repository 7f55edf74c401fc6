import { migrationBody, type MigrationBody } from './migration-body';
import { readIntent } from './intent';
import { textListProperty, textProperty } from './typescript-text';

/** What a new migration's file says at its top. */
export interface MigrationHeader {
  readonly version: string;
  /** snake_case. */
  readonly name: string;
  readonly description: string;
  readonly dependencies: readonly string[];
}

/**
 * Writes the source of a new migration: strict TypeScript that runs as it is, formatted as Prettier would with
 * `singleQuote`. Loads ts-morph, which takes a moment.
 *
 * @throws {MigratorError} `IDENTIFIER_TOO_LONG` when the name asks for a table or column that Postgres would cut off
 */
export async function writeSource(header: MigrationHeader): Promise<string> {
  const body = migrationBody(readIntent(header.name));
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
  return file.getFullText();
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
          '  // CONCURRENTLY lets writes go on, and does not work in a transaction.',
          '  transaction: false,',
        ]),
    '',
    ...up(body),
    '',
    '  async down(db, _agent, rollbackData) {',
    '    await db.query(rollbackData.rollback_instructions);',
    '  },',
    '',
    `  // Runs after up: false ${body.transaction === 'own' ? 'undoes the change' : 'fails the migration'}.`,
    '  async validate(db) {',
    '    const { rows } = await db.query<{ valid: boolean }>(`',
    ...sql(body.validate),
    '    `);',
    '    return rows[0]?.valid === true;',
    '  },',
  ];
}

function up(body: MigrationBody): string[] {
  return [
    '  async up(db) {',
    `    // ${body.remark}`,
    '    await db.query(`',
    ...sql(body.up),
    '    `);',
    '    // Stored with the history as JSON; down gets it back.',
    '    return {',
    textProperty('rollback_instructions', body.rollback, '      '),
    '    };',
    '  },',
  ];
}

/** Lines inside a template literal. They are made of names and keywords only, so there is nothing to escape. */
function sql(lines: readonly string[]): string[] {
  return lines.map((line) => `      ${line}`);
}
