import type { Problem } from '../errors';
import { remedyLine } from '../remedy';
import { targetOf, targetPath } from '../target';
import type { DatabaseStamps, SchemaStamp } from './stamps';
import type { DatabaseStamp, HistoryState } from './state';

/** Who asks for a database: the environment, and the options that lead another command to the same database. */
export interface EnvironmentScope {
  readonly environment: string;
  /** Names that the environment had before: a database that has one of them belongs to it. */
  readonly formerEnvironments?: readonly string[];
  readonly project: string;
  readonly databaseName?: string;
  readonly tenant?: string;
}

/**
 * Finds out whether a database belongs to another environment than the one asked for: by the stamp of this history, by the
 * stamps of other schemas where this schema has none, or by the environments in the original agent's table. Pure, so that no
 * command writes before it knows.
 */
export function findEnvironmentMismatch(
  state: Pick<HistoryState, 'stamp' | 'table' | 'environments' | 'elsewhere'>,
  scope: EnvironmentScope,
): Problem | undefined {
  const { stamp, environments, elsewhere } = state;
  if (stamp !== undefined) {
    return isOwn(stamp.environment, scope) ? undefined : mismatch(stamp, '', scope);
  }
  const foreign = elsewhere.find((other) => !isOwn(other.stamp.environment, scope));
  if (foreign !== undefined) return elsewhereMismatch([foreign], scope);
  if (state.table !== 'original' || environments.length === 0) return undefined;
  if (environments.some((name) => isOwn(name, scope))) return undefined;
  const known = environments.map((name) => `'${name}'`).join(', ');
  return {
    code: 'ENVIRONMENT_MISMATCH',
    message: `The original agent used the database of ${nameOf(scope)} as ${known}, never as '${scope.environment}'.`,
    hint: waysOut(environments[0] ?? '', scope),
  };
}

/**
 * The stamps of the whole database that name another environment, as problems: one for each environment.
 *
 * @returns `ENVIRONMENT_MISMATCH`, with the schemas
 */
export function findForeignStamps(stamps: DatabaseStamps, scope: EnvironmentScope): Problem[] {
  const foreign = new Map<string, SchemaStamp[]>();
  for (const each of stamps.read) {
    const { environment } = each.stamp;
    if (isOwn(environment, scope)) continue;
    foreign.set(environment, [...(foreign.get(environment) ?? []), each]);
  }
  return [...foreign.values()].map((schemas) => elsewhereMismatch(schemas, scope));
}

/**
 * The former name under which a database has its rows, if it does not have the present name yet.
 *
 * @param formerEnvironments in order of preference
 */
export function formerName(
  state: Pick<HistoryState, 'stamp' | 'environments' | 'table'>,
  environment: string,
  formerEnvironments: readonly string[],
): string | undefined {
  const { stamp, environments, table } = state;
  if (stamp !== undefined) return formerEnvironments.find((name) => name === stamp.environment);
  if (table === 'original') {
    if (environments.includes(environment)) return undefined;
    return formerEnvironments.find((name) => environments.includes(name));
  }
  // A new history is created under the present name. The other schemas follow when they are used.
  return undefined;
}

function isOwn(name: string, { environment, formerEnvironments = [] }: EnvironmentScope): boolean {
  return name === environment || formerEnvironments.includes(name);
}

/** The command that makes a database of one environment a database of another. */
function adoptCommand(from: string, scope: EnvironmentScope): string {
  return remedyLine({
    command: 'repair',
    target: targetOf(scope),
    options: { 'adopt-environment': from },
  });
}

function elsewhereMismatch(schemas: readonly SchemaStamp[], scope: EnvironmentScope): Problem {
  const [first] = schemas;
  if (first === undefined) throw new TypeError('There is at least one schema.');
  const more = schemas.length === 1 ? '' : ` and in ${schemas.length - 1} more`;
  return mismatch(first.stamp, ` in schema ${JSON.stringify(first.schema)}${more}`, scope);
}

function mismatch(stamp: DatabaseStamp, where: string, scope: EnvironmentScope): Problem {
  return {
    code: 'ENVIRONMENT_MISMATCH',
    message: `The database of ${nameOf(scope)} is stamped '${stamp.environment}'${where} (${stamp.since}, by ${stamp.by}) and is not used as '${scope.environment}'. A database belongs to one environment, whichever schemas hold its histories.`,
    hint: waysOut(stamp.environment, scope),
  };
}

/** The target for a sentence: several databases may be refused at once. */
function nameOf(scope: EnvironmentScope): string {
  return `${scope.project} in ${targetPath(scope)}`;
}

function waysOut(stamped: string, scope: EnvironmentScope): string {
  return (
    `If this is the wrong database, check --env, NODE_ENV and the url. ` +
    `If the environment was renamed, add renamedFrom: ['${stamped}'] to '${scope.environment}' in db.config. ` +
    `If it is a restored copy that is now used as '${scope.environment}', run \`${adoptCommand(stamped, scope)}\`.`
  );
}
