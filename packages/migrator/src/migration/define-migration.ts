import type { NotJsonIn } from './rollback-data';
import type { MigrationDefinition } from './types';

/**
 * Describes a migration, with types: `down` gets what `up` returned, as JSON gives it back. What JSON cannot hold is a
 * type error at `up`. Gives the definition back unchanged; it is checked when the file is loaded.
 *
 * Write `up` before `down`: TypeScript infers from top to bottom, and otherwise `rollbackData` is `unknown`.
 *
 * @typeParam Data what `up` returns; inferred
 * @example
 * ```ts
 * import { defineMigration } from '@flashfusion/migrator';
 *
 * export default defineMigration({
 *   version: '20250917102200',
 *   name: 'create_user_profiles',
 *   description: 'Add user profile management tables',
 *   dependencies: ['users:20250910090000'],
 *   async up(db) {
 *     await db.query('CREATE TABLE user_profiles (user_id bigint PRIMARY KEY)');
 *     return { tables: ['user_profiles'], createdAt: new Date() };
 *   },
 *   async down(db, agent, rollbackData) {
 *     agent.logger.info(`created at ${rollbackData.createdAt.slice(0, 10)}`); // a string by now
 *     for (const table of rollbackData.tables) await db.query(`DROP TABLE ${table}`);
 *   },
 * });
 * ```
 */
export function defineMigration<Data>(
  definition: MigrationDefinition<Data> & StorableUp<Data>,
): MigrationDefinition<Data> {
  return definition;
}

/** Nothing more to ask of a definition whose data can be stored; else an `up` that none matches, saying where. */
type StorableUp<Data> = [NotJsonIn<Data>] extends [never]
  ? unknown
  : { up: `up returns what JSON cannot hold: ${NotJsonIn<Data>}` };
