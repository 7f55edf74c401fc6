import type { Problem } from '../errors';
import type { HistoryState } from './state';
import type { HistoryTables } from './tables';

/**
 * Finds out whether a database belongs to another environment than the one asked for: by its stamp, or, where it still
 * has the original agent's table, by the environments in it. Pure, so that no command writes before it knows.
 */
export function findEnvironmentMismatch(
  state: Pick<HistoryState, 'stamp' | 'table' | 'environments'>,
  environment: string,
  tables: Pick<HistoryTables, 'history' | 'database'>,
): Problem | undefined {
  const { stamp, environments } = state;
  if (stamp !== undefined) {
    if (stamp.environment === environment) return undefined;
    return {
      code: 'ENVIRONMENT_MISMATCH',
      message: `This database is stamped '${stamp.environment}' (${stamp.since}, by ${stamp.by}) and is not used as '${environment}'.`,
      hint:
        `Check --env, NODE_ENV and the url. If the database really has become '${environment}', its owner says so once: ` +
        `INSERT INTO ${tables.database} (format, environment, protected, note) SELECT format, ${literal(environment)}, ${String(stamp.protected)}, '<why>' FROM ${tables.database} ORDER BY id DESC LIMIT 1;`,
    };
  }
  if (state.table !== 'original' || environments.length === 0) return undefined;
  if (environments.includes(environment)) return undefined;
  const known = environments.map((name) => `'${name}'`).join(', ');
  return {
    code: 'ENVIRONMENT_MISMATCH',
    message: `The original agent used this database as ${known}, never as '${environment}'.`,
    hint:
      'Check --env, NODE_ENV and the url. If only the name of the environment has changed, its owner says so once: ' +
      `UPDATE ${tables.history} SET environment = ${literal(environment)};`,
  };
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
