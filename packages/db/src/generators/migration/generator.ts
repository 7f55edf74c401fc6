import { formatError, generateMigration, MigratorError } from '@flashfusion/migrator';
import { formatFiles, logger, normalizePath, type GeneratorCallback, type Tree } from '@nx/devkit';
import { join, relative } from 'node:path';
import { isConfigName } from '../../graph/config-name';
import { configurationGenerator } from '../configuration/generator';
import { findProject } from '../find-project';
import type { MigrationGeneratorSchema } from './schema';

/**
 * Writes a new typed migration into a project's migrations folder, and a configuration if the project has none. The version is the present in UTC, or a second after
 * the newest migration when that is later.
 *
 * @throws an error whose message tells everything that is wrong, with codes and hints: Nx shows nothing but the message
 */
export async function migrationGenerator(
  tree: Tree,
  options: MigrationGeneratorSchema,
): Promise<GeneratorCallback> {
  const { name: project, configuration } = findProject(tree, options.project);
  const { root } = configuration;
  const configured = tree.children(root).some(isConfigName);
  const migration = await generate({
    projectRoot: join(tree.root, root),
    project,
    workspaceRoot: tree.root,
    name: options.name,
    description: options.description,
    dependencies: options.dependencies,
    mode: 'preview', // the tree writes, so that --dry-run does not
  });
  const path = normalizePath(relative(tree.root, migration.path));
  tree.write(path, migration.source);
  // After the migration: a name that is refused writes nothing.
  const install = configured
    ? undefined
    : await configurationGenerator(tree, { project, skipFormat: true });
  if (options.skipFormat !== true) await formatFiles(tree);
  return async () => {
    await install?.();
    if (!configured) {
      logger.info(`${project} had no configuration: created ${root}/db.config.ts`);
    }
    const after =
      migration.dependencies.length > 0 ? `, after ${migration.dependencies.join(', ')}` : '';
    logger.info(`${project}:${migration.version} ${migration.name}${after}\n${path}`);
    if (migration.notWritten !== undefined) {
      logger.warn(
        `${path} is a placeholder, which no command runs. ${migration.notWritten} Then delete its notWritten lines.`,
      );
    }
  };
}

export default migrationGenerator;

async function generate(
  options: Parameters<typeof generateMigration>[0],
): ReturnType<typeof generateMigration> {
  try {
    return await generateMigration(options);
  } catch (error) {
    if (!(error instanceof MigratorError)) throw error;
    throw new Error(formatError(error), { cause: error });
  }
}
