import type { ParsedStatement } from './parse-sql';

type Fields = Record<string, unknown>;

/** Inside a transaction these stay inside it. */
const HARMLESS = new Set(['TRANS_STMT_SAVEPOINT', 'TRANS_STMT_RELEASE', 'TRANS_STMT_ROLLBACK_TO']);

/** Whether a statement begins or ends a transaction: BEGIN, COMMIT, ROLLBACK, PREPARE TRANSACTION, … */
export function controlsTransaction({ node }: ParsedStatement): boolean {
  const statement = node['TransactionStmt'];
  return statement !== undefined && !HARMLESS.has(String(statement['kind']));
}

/** The statements that Postgres 14 to 18 always refuse inside a transaction (`PreventInTransactionBlock`), by their node. */
const REFUSED: Readonly<Record<string, (fields: Fields) => boolean>> = {
  IndexStmt: ({ concurrent }) => concurrent === true,
  DropStmt: ({ concurrent }) => concurrent === true,
  ReindexStmt: ({ kind, params }) =>
    ['REINDEX_OBJECT_SCHEMA', 'REINDEX_OBJECT_SYSTEM', 'REINDEX_OBJECT_DATABASE'].includes(
      String(kind),
    ) || isOn(params, 'concurrently'),
  VacuumStmt: ({ is_vacuumcmd: vacuum }) => vacuum === true,
  // Without a table: all tables, each in a transaction of its own.
  ClusterStmt: ({ relation }) => relation === undefined,
  CreatedbStmt: () => true,
  DropdbStmt: () => true,
  AlterDatabaseStmt: ({ options }) => has(options, 'tablespace'),
  CreateTableSpaceStmt: () => true,
  DropTableSpaceStmt: () => true,
  AlterSystemStmt: () => true,
  DiscardStmt: ({ target }) => target === 'DISCARD_ALL',
  AlterTableStmt: ({ cmds }) => JSON.stringify(cmds ?? '').includes('"concurrent":true'),
  CreateSubscriptionStmt: ({ options }) => !has(options, 'create_slot') && !has(options, 'connect'),
};

/** Whether Postgres refuses a statement inside every transaction. */
export function refusesTransaction({ node }: ParsedStatement): boolean {
  return Object.entries(node).some(
    ([kind, fields]) => Object.hasOwn(REFUSED, kind) && REFUSED[kind]?.(fields) === true,
  );
}

/** Beginnings that leave no doubt which statement it is, where the rest is computed. */
const CERTAIN_HEAD =
  /^\s*(?:create\s+(?:unique\s+)?index\s+concurrently|drop\s+index\s+concurrently|reindex\s+(?:index|table|schema|database|system)\s+concurrently|vacuum|alter\s+system|(?:create|drop)\s+(?:database|tablespace))\s/i;

/** As {@link refusesTransaction}, for a statement of which only the beginning is known. */
export function headRefusesTransaction(head: string): boolean {
  return CERTAIN_HEAD.test(head);
}

function options(list: unknown): Fields[] {
  if (!Array.isArray(list)) return [];
  return (list as Fields[]).flatMap((each) => {
    const option = each['DefElem'] as Fields | undefined;
    return option === undefined ? [] : [option];
  });
}

function has(list: unknown, name: string): boolean {
  return options(list).some(({ defname }) => defname === name);
}

/** An option without an argument is on; one with an argument is taken as off, since that is not certain. */
function isOn(list: unknown, name: string): boolean {
  return options(list).some(({ defname, arg }) => defname === name && arg === undefined);
}
