import type { MigrationAgent } from '../agent';

/** The place in the configuration that agents of one environment are from: that of the database if it is one of several. */
export function whereOf(agents: readonly MigrationAgent[]): string {
  const [first, ...more] = agents;
  if (first === undefined) return '';
  const { environment, databaseName } = first.settings;
  const isOne = more.every(({ settings }) => settings.databaseName === databaseName);
  const database = isOne && databaseName !== undefined ? `.databases.${databaseName}` : '';
  return `environments.${environment}${database}`;
}
