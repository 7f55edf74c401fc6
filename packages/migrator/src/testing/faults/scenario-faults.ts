import type { TestDatabase } from '../postgres';
import type { Fault } from './fault-proxy';
import { isCommit } from './frontend-messages';
import type { FaultKind, HistoryFault, RandomFault } from './scenario';
import { SCHEMAS } from './scenario-migrations';

/** What faults act on, beside the statement that they strike. */
export interface FaultSurroundings {
  readonly database: Pick<TestDatabase, 'query'>;
  readonly crashServer: (() => Promise<void>) | undefined;
  readonly killRunner: () => Promise<unknown> | undefined;
}

/** A fault for the proxy. */
export interface ArmedFault {
  readonly kind: FaultKind;
  readonly description: string;
  readonly fault: Fault;
  /** Whether it had an effect, once the proxy says that it struck. */
  readonly hadEffect: () => boolean;
  /** Removes what it left in the database. */
  readonly clear: () => Promise<void>;
}

/** Statements of migrations. A row of the history holds the text of one, too. */
const OF_MIGRATIONS = /^(?!.*migration_history).*(?:\bm_\d|\bsoak\.)/s;
const OF_HISTORY = /INSERT INTO .*migration_history/s;

const COUNTS: Readonly<Record<RandomFault['target'], (statement: string) => boolean>> = {
  statement: () => true,
  migration: (statement) => OF_MIGRATIONS.test(statement),
  history: (statement) => OF_HISTORY.test(statement),
  commit: isCommit,
};

/** Makes a random fault ready to strike. */
export function armFault(
  { kind, target, count }: RandomFault,
  surroundings: FaultSurroundings,
): ArmedFault {
  const { database, crashServer, killRunner } = surroundings;
  let left = count;
  let effect = true;
  const at = (statement: string) => {
    // Only statements of migrations can fail by themselves.
    const counts = COUNTS[kind === 'refuse-statement' ? 'migration' : target];
    return counts(statement) && left-- === 0;
  };
  const actionOf = (): Fault['action'] => {
    if (isHistoryFault(kind)) {
      return {
        kind: 'meanwhile',
        act: async () => {
          effect = await install(database, kind);
        },
      };
    }
    switch (kind) {
      case 'terminate-backend':
        return { kind: 'meanwhile', act: () => terminateBackends(database) };
      case 'crash-server':
        return { kind: 'meanwhile', act: async () => crashServer?.() };
      case 'kill-runner':
        return { kind: 'cut-before', act: async () => killRunner() };
      default:
        return { kind };
    }
  };
  return {
    kind,
    description: `${kind} at ${target} ${count}`,
    fault: { at, action: actionOf() },
    hadEffect: () => effect,
    clear: async () => {
      if (isHistoryFault(kind)) await removeHistoryFaults(database);
    },
  };
}

function isHistoryFault(kind: FaultKind): kind is HistoryFault {
  return kind in HISTORY_FAULT_SQL;
}

const FUNCTION = 'CREATE OR REPLACE FUNCTION soak.fault() RETURNS trigger LANGUAGE plpgsql AS';
const TRIGGER = 'CREATE TRIGGER soak_fault BEFORE INSERT ON';
const HISTORY = 'migration_history';

const HISTORY_FAULT_SQL: Readonly<Record<HistoryFault, (schema: string) => string>> = {
  'trigger-swallows-row': (schema) =>
    `${FUNCTION} $$ BEGIN RETURN NULL; END $$;
     ${TRIGGER} ${schema}.${HISTORY} FOR EACH ROW EXECUTE FUNCTION soak.fault()`,
  'trigger-swallows-applied': (schema) =>
    `${FUNCTION} $$ BEGIN RETURN NULL; END $$;
     ${TRIGGER} ${schema}.${HISTORY} FOR EACH ROW WHEN (NEW.state IN ('applied', 'reverted')) EXECUTE FUNCTION soak.fault()`,
  'trigger-swallows-hash': (schema) =>
    `${FUNCTION} $$ BEGIN RETURN NULL; END $$;
     ${TRIGGER} ${schema}.migration_chain FOR EACH ROW EXECUTE FUNCTION soak.fault()`,
  'trigger-edits-row': (schema) =>
    `${FUNCTION} $$ BEGIN NEW.description := 'edited'; RETURN NEW; END $$;
     ${TRIGGER} ${schema}.${HISTORY} FOR EACH ROW EXECUTE FUNCTION soak.fault()`,
  'rule-swallows-row': (schema) =>
    `CREATE RULE soak_fault AS ON INSERT TO ${schema}.${HISTORY} DO INSTEAD NOTHING`,
};

/** @returns whether there was a history to install it on; a table that the runner itself has locked is left alone */
async function install(
  database: FaultSurroundings['database'],
  kind: HistoryFault,
): Promise<boolean> {
  let installed = false;
  for (const schema of await schemasWithHistory(database)) {
    const sql = `SET lock_timeout = '200ms'; ${HISTORY_FAULT_SQL[kind](schema)}; RESET lock_timeout`;
    installed ||= await database.query(sql).then(
      () => true,
      () => false,
    );
  }
  return installed;
}

async function removeHistoryFaults(database: FaultSurroundings['database']): Promise<void> {
  for (const schema of await schemasWithHistory(database)) {
    await database.query(
      `DROP TRIGGER IF EXISTS soak_fault ON ${schema}.${HISTORY};
       DROP TRIGGER IF EXISTS soak_fault ON ${schema}.migration_chain;
       DROP RULE IF EXISTS soak_fault ON ${schema}.${HISTORY}`,
    );
  }
}

async function schemasWithHistory(
  database: FaultSurroundings['database'],
): Promise<readonly string[]> {
  const rows = await database.query<{ schema: string }>(
    `SELECT nspname AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relname = 'migration_chain' AND nspname IN ('${Object.values(SCHEMAS).join(`', '`)}')`,
  );
  return rows.map(({ schema }) => schema);
}

async function terminateBackends(database: FaultSurroundings['database']): Promise<void> {
  await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'flashfusion %'`,
  );
}
