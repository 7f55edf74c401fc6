/**
 * The light door, `@flashfusion/migrator/graph`: what a build tool asks about many projects at once. It loads no driver
 * and compiles a configuration only when plain reading does not do.
 */
export { readEnvironmentNames } from './config/config-outline';
export type { ConfigOutline } from './config/config-outline';
export type { EnvironmentOutline } from './config/plain-outline';
export { findProjectName } from './config/project-name';
export { parseMigrationId } from './migration/id';
export { parseFileName } from './source/file-name';
export type { FileName } from './source/file-name';
export { readDependencies } from './source/read-dependencies';
export { followImports } from './source/follow-imports';
export type { FollowedImports } from './source/follow-imports';
export { readImports } from './source/read-imports';
export { foreignText } from './text/inert';
