import { CONFIGURATION_FILES, IGNORED_FILES, withIgnored } from '@flashfusion/migrator';
import {
  formatFiles,
  joinPathFragments,
  readNxJson,
  readProjectConfiguration,
  updateProjectConfiguration,
  type GeneratorCallback,
  type Tree,
} from '@nx/devkit';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isConfigName } from '../../graph/config-name';
import { normalizeOptions } from '../../graph/options';
import type { ProjectFacts } from '../../graph/project-facts';
import { readFacts } from '../../graph/read-facts';
import { inferTargets } from '../../graph/targets';
import { findProject } from '../find-project';
import { initGenerator, registeredOptions, shouldAddPlugin } from '../init/generator';
import { findUpstream } from '../required-projects';
import type { ConfigurationGeneratorSchema } from './schema';
import { checkTypesOf } from './tsconfig';
import { coverByTypecheck } from './typecheck-target';

/**
 * Gives a project a database: `db.config.ts`, a migrations folder, a `.env.example` that names the variables it reads, and
 * in a TypeScript project a `tsconfig.migrations.json` that the target `typecheck` covers; a project without `typecheck` gets one.
 * What is there already stays as it is. The targets come from the plugin; with `explicit`, or where plugins are not to
 * be registered, the same targets are written into the project's configuration.
 */
export async function configurationGenerator(
  tree: Tree,
  options: ConfigurationGeneratorSchema,
): Promise<GeneratorCallback> {
  const { name: project, configuration } = findProject(tree, options.project);
  const { root } = configuration;
  const install = await initGenerator(tree, { ...options, skipFormat: true });
  const present = tree.children(root).find(isConfigName);
  if (present === undefined) writeFiles(tree, root);
  ignoreSecrets(tree);
  const { migrations } = await factsOf(tree, root, present);
  checkTypesOf(tree, root, relative(root, migrations));
  coverByTypecheck(tree, project);
  if (options.explicit === true || !shouldAddPlugin(tree, options)) {
    await writeTargets(tree, project, present);
  }
  if (options.skipFormat !== true) await formatFiles(tree);
  return install;
}

export default configurationGenerator;

function writeFiles(tree: Tree, root: string): void {
  for (const [name, text] of Object.entries(CONFIGURATION_FILES)) {
    const path = joinPathFragments(root, name);
    if (!tree.exists(path)) tree.write(path, text);
  }
}

function ignoreSecrets(tree: Tree): void {
  const text = tree.read('.gitignore', 'utf-8') ?? '';
  const ignored = withIgnored(text, IGNORED_FILES);
  if (ignored !== text) tree.write('.gitignore', ignored);
}

/** The very targets that the plugin would infer. */
async function writeTargets(
  tree: Tree,
  project: string,
  configName: string | undefined,
): Promise<void> {
  const configuration = readProjectConfiguration(tree, project);
  const options = normalizeOptions(registeredOptions(readNxJson(tree)));
  const facts = await factsOf(tree, configuration.root, configName);
  const upstream = await findUpstream(tree.root, configuration.root, facts);
  const { targets } = inferTargets(configuration.root, facts, upstream, options);
  updateProjectConfiguration(tree, project, {
    ...configuration,
    targets: { ...configuration.targets, ...targets },
  });
}

async function factsOf(
  tree: Tree,
  root: string,
  configName: string | undefined,
): Promise<ProjectFacts> {
  const configPath = join(tree.root, root, configName ?? '');
  if (configName !== undefined && existsSync(configPath)) {
    return (await readFacts(configPath, tree.root)).facts;
  }
  return {
    configName: configName ?? 'db.config.ts',
    name: undefined,
    formerNames: [],
    configImports: [],
    migrations: joinPathFragments(root, 'migrations'),
    environments: { development: [], staging: [], production: [] },
    helpers: [],
    requires: {},
  };
}
