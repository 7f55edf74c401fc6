import type { MigrationId } from './types';

/**
 * Joins a project and a version into the identity that plans, histories and messages use.
 *
 * @example migrationId('users', '20250910090000') // 'users:20250910090000'
 */
export function migrationId(project: string, version: string): MigrationId {
  return `${project}:${version}`;
}

/**
 * The reverse of {@link migrationId}. Splits at the last colon, because a project's name may hold one
 * (Gradle's `:libs:users`) and a version never does. Without a colon the project is empty.
 */
export function parseMigrationId(id: MigrationId): { project: string; version: string } {
  const colon = id.lastIndexOf(':');
  return { project: colon === -1 ? '' : id.slice(0, colon), version: id.slice(colon + 1) };
}
