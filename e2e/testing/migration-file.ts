/** A typed migration that creates one table, as a user would write it; `also` is SQL to run before. */
export function tableMigration(options: {
  readonly version: string;
  readonly name: string;
  readonly table: string;
  readonly dependencies?: readonly string[];
  readonly also?: string;
}): string {
  const { version, name, table, dependencies = [], also = '' } = options;
  return `import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '${version}',
  name: '${name}',
  description: 'Creates ${table}',
  dependencies: ${JSON.stringify(dependencies)},
  async up(db) {
    await db.query('CREATE TABLE ${table} (id int PRIMARY KEY);${also}');
    return { tables: ['${table}'] };
  },
  async down(db, _agent, rollbackData) {
    for (const table of rollbackData.tables) await db.query(\`DROP TABLE \${table}\`);
  },
});
`;
}

/** The version in a migration file's name. */
export function versionOf(fileName: string): string {
  return fileName.slice(0, 14);
}
