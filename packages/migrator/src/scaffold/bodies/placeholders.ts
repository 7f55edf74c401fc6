import { GAP } from '../change';
import { sqlName } from '../sql-name';
import { exists, query, sqlFunctions, type MigrationBody } from './body';

/** A file for a change that the name does not describe. It has no `down`: one that does nothing would report a lie. */
export function emptyBody(name: string): MigrationBody {
  return {
    notWritten: `The name ${name} does not say what to change: write up and down.`,
    transaction: 'own',
    up: {
      parameters: 'db',
      lines: query([GAP]),
    },
    noDown: [
      'Write down(db, _agent, rollbackData) as well. rollbackData is what up returns, stored as JSON.',
      'Without down, a rollback of this migration is refused.',
    ],
  };
}

/** CREATE VIEW, of which only the query is missing. */
export function viewBody(name: string): MigrationBody {
  const view = sqlName(name);
  return {
    transaction: 'own',
    ...sqlFunctions({
      remark: 'Write the query.',
      up: [`CREATE VIEW ${view} AS`, `SELECT ${GAP}`],
      rollback: `DROP VIEW ${view}`,
    }),
    validate: exists(view),
  };
}

/** UPDATE in batches, of which the value is missing. */
export function backfillBody(tableName: string, columnName: string): MigrationBody {
  const [table, column] = [sqlName(tableName), sqlName(columnName)];
  return {
    transaction: 'none',
    transactionNote: 'Each batch commits by itself, so that its row locks are short.',
    up: {
      parameters: 'db, agent',
      lines: [
        '// Fills what is NULL, so that a run that was stopped continues where it was. The value must not be NULL.',
        'let filled = 0;',
        'do {',
        '  agent.signal.throwIfAborted();',
        '  const { rowCount } = await db.query(`',
        `    UPDATE ${table} SET ${column} = ${GAP}`,
        '    WHERE ctid = ANY (ARRAY(',
        `      SELECT ctid FROM ${table} WHERE ${column} IS NULL LIMIT 1000 FOR UPDATE`,
        '    ))',
        '  `);',
        '  filled = rowCount;',
        '} while (filled > 0);',
      ],
    },
    noDown: [
      'There is no down: which values were NULL before is not known. Write one if your application needs it.',
      'Without down, a rollback of this migration is refused.',
    ],
    validate: [`SELECT count(*) = 0 AS valid FROM ${table} WHERE ${column} IS NULL`],
  };
}
