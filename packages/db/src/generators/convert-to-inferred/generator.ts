import {
  formatFiles,
  getProjects,
  joinPathFragments,
  logger,
  readNxJson,
  updateJson,
  updateProjectConfiguration,
  type ProjectConfiguration,
  type TargetConfiguration,
  type Tree,
} from '@nx/devkit';
import { join } from 'node:path';
import { isConfigName } from '../../graph/config-name';
import { normalizeOptions, type DbPluginOptions } from '../../graph/options';
import { readFacts } from '../../graph/read-facts';
import { inferTargets } from '../../graph/targets';
import { findProject } from '../find-project';
import { PLUGIN, registeredOptions, registerPlugin } from '../init/generator';
import { withoutInferred } from './without-inferred';
import { findUpstream } from '../required-projects';
import type { ConvertToInferredGeneratorSchema } from './schema';

const OPTION_OF = {
  [`${PLUGIN}:migrate`]: 'migrateTargetName',
  [`${PLUGIN}:status`]: 'statusTargetName',
  [`${PLUGIN}:rollback`]: 'rollbackTargetName',
  [`${PLUGIN}:baseline`]: 'baselineTargetName',
  [`${PLUGIN}:repair`]: 'repairTargetName',
} as const;

/**
 * Takes targets of this plugin out of project.json, or package.json, where the plugin infers the same, and registers the plugin. What a project
 * says differently from the inferred target stays, and goes on to win. Projects without a `db.config.*` are left alone.
 */
export async function convertToInferredGenerator(
  tree: Tree,
  options: ConvertToInferredGeneratorSchema,
): Promise<void> {
  const only = options.project === undefined ? undefined : findProject(tree, options.project).name;
  const projects = [...getProjects(tree)].filter(
    ([name, { targets }]) =>
      (only === undefined || only === name) && Object.values(targets ?? {}).some(isOurs),
  );
  const registered = registeredOptions(readNxJson(tree));
  const plugin = registered ?? namesInUse(projects.map(([, project]) => project));
  for (const [name, project] of projects) await convert(tree, name, project, plugin);
  if (projects.length > 0) registerPlugin(tree, plugin);
  if (options.skipFormat !== true) await formatFiles(tree);
}

export default convertToInferredGenerator;

async function convert(
  tree: Tree,
  name: string,
  project: ProjectConfiguration,
  plugin: DbPluginOptions,
): Promise<void> {
  const config = tree.children(project.root).find(isConfigName);
  if (config === undefined) {
    logger.warn(
      `${name} has no db.config.ts, so that its targets cannot be inferred. They were left as they are.`,
    );
    return;
  }
  const { facts } = await readFacts(join(tree.root, project.root, config), tree.root);
  const upstream = await findUpstream(tree.root, project.root, facts);
  const inferred = inferTargets(project.root, facts, upstream, normalizeOptions(plugin)).targets;
  const targets: Record<string, TargetConfiguration> = {};
  for (const [target, explicit] of Object.entries(project.targets ?? {})) {
    const counterpart = inferred[target];
    if (!isOurs(explicit)) {
      targets[target] = explicit;
    } else if (counterpart !== undefined && counterpart.executor === explicit.executor) {
      const rest = withoutInferred(explicit, counterpart);
      if (rest !== undefined) targets[target] = rest;
    } else {
      targets[target] = explicit;
      logger.warn(
        `${name}:${target} has another name than the plugin gives it. It was left as it is.`,
      );
    }
  }
  // Nx lays the new configuration over that of a package.json, where no targets would leave the old ones.
  if (Object.keys(targets).length === 0) dropPackageTargets(tree, project.root);
  updateProjectConfiguration(tree, name, { ...project, targets });
}

/** Of a project that is configured under `nx` of its package.json. */
function dropPackageTargets(tree: Tree, root: string): void {
  const manifest = joinPathFragments(root, 'package.json');
  if (tree.exists(joinPathFragments(root, 'project.json')) || !tree.exists(manifest)) return;
  updateJson<{ nx?: { targets?: unknown } }>(tree, manifest, (json) => {
    delete json.nx?.targets;
    return json;
  });
}

function isOurs(target: TargetConfiguration): boolean {
  return target.executor !== undefined && target.executor in OPTION_OF;
}

/** The names that projects have given to their targets, where they agree on another one than the plugin's own. */
function namesInUse(projects: readonly ProjectConfiguration[]): DbPluginOptions {
  const names: Record<string, Set<string>> = {};
  for (const { targets } of projects) {
    for (const [name, { executor, options }] of Object.entries(targets ?? {})) {
      const option = OPTION_OF[executor as keyof typeof OPTION_OF];
      const isPart = (options as { database?: unknown } | undefined)?.database !== undefined;
      if (option !== undefined && !isPart) (names[option] ??= new Set()).add(name);
    }
  }
  const defaults: Record<string, unknown> = normalizeOptions(undefined);
  return Object.fromEntries(
    Object.entries(names).flatMap(([option, used]) => {
      const [only, ...more] = used;
      return only !== undefined && more.length === 0 && only !== defaults[option]
        ? [[option, only]]
        : [];
    }),
  );
}
