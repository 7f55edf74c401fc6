/** A migration's file: SQL up and down. */
export function migrationFile(options: {
  readonly version: string;
  readonly name: string;
  readonly up: string;
  readonly down?: string;
  readonly dependencies?: readonly string[];
}): Readonly<Record<string, string>> {
  const { version, name, up, down, dependencies = [] } = options;
  const source = `export default {
  version: ${JSON.stringify(version)},
  name: ${JSON.stringify(name)},
  description: ${JSON.stringify(name.replaceAll('_', ' '))},
  dependencies: ${JSON.stringify(dependencies)},
  async up(db) {
    await db.query(${JSON.stringify(up)});
    return { undo: ${JSON.stringify(down ?? null)} };
  },
  async down(db, agent, data) {
    await db.query(data.undo);
  },
};
`;
  return { [`migrations/${version}_${name}.ts`]: source };
}

/** Two migrations that work: a table of users and one of teams. */
export const USERS_AND_TEAMS = {
  ...migrationFile({
    version: '20250910090000',
    name: 'create_users',
    up: 'CREATE TABLE users (id int PRIMARY KEY)',
    down: 'DROP TABLE users',
  }),
  ...migrationFile({
    version: '20250917102200',
    name: 'add_teams',
    up: 'CREATE TABLE teams (id int PRIMARY KEY)',
    down: 'DROP TABLE teams',
  }),
};

/** One that fails after it has done something. */
export const BROKEN = migrationFile({
  version: '20250918080000',
  name: 'break_half_way',
  up: 'CREATE TABLE half_way (id int); SELECT * FROM nowhere;',
});
