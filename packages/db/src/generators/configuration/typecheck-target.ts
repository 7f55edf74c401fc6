import {
  joinPathFragments,
  readCachedProjectGraph,
  readNxJson,
  readProjectConfiguration,
  updateProjectConfiguration,
  workspaceRoot,
  type TargetConfiguration,
  type Tree,
} from '@nx/devkit';
import { MIGRATIONS_TSCONFIG } from './tsconfig';

const TYPECHECK = 'typecheck';
/** Beside a `typecheck` of another plugin that does not build the references of tsconfig.json. */
const TYPECHECK_MIGRATIONS = 'typecheck-migrations';

type Targets = Readonly<Record<string, TargetConfiguration>>;

/**
 * Makes `nx typecheck` check the migrations of a project that has a `tsconfig.migrations.json`.
 *
 * - A `typecheck` that runs `tsc --build` follows the reference in tsconfig.json: nothing changes.
 * - A project without `typecheck`, as in the apps preset, gets one.
 * - Any other `typecheck`, e.g. `tsc --noEmit -p tsconfig.app.json`, depends on a new target `typecheck-migrations`.
 */
export function coverByTypecheck(tree: Tree, project: string): void {
  const configuration = readProjectConfiguration(tree, project);
  const { root } = configuration;
  if (!tree.exists(joinPathFragments(root, MIGRATIONS_TSCONFIG))) return;
  const own = configuration.targets ?? {};
  const all = { ...inferredTargets(tree, project), ...own };
  const present = all[TYPECHECK];
  if (all[TYPECHECK_MIGRATIONS] !== undefined || (present !== undefined && builds(present))) return;
  const check = checkMigrations(root);
  const added: Targets =
    present === undefined
      ? { [TYPECHECK]: check }
      : {
          [TYPECHECK]: {
            ...own[TYPECHECK],
            // In full: the list replaces what a plugin infers.
            dependsOn: [...(present.dependsOn ?? []), TYPECHECK_MIGRATIONS],
          },
          [TYPECHECK_MIGRATIONS]: check,
        };
  updateProjectConfiguration(tree, project, { ...configuration, targets: { ...own, ...added } });
}

function checkMigrations(root: string): TargetConfiguration {
  return {
    executor: 'nx:run-commands',
    cache: true,
    outputs: [`{workspaceRoot}/dist/out-tsc/migrations/${root === '.' ? 'root' : root}`],
    options: { command: `tsc --build ${MIGRATIONS_TSCONFIG}`, cwd: '{projectRoot}' },
  };
}

/** Whether a target runs `tsc --build` on tsconfig.json or tsconfig.migrations.json. */
function builds({ command, options }: TargetConfiguration): boolean {
  const { command: ofOptions, commands } = (options ?? {}) as Readonly<Record<string, unknown>>;
  const text = JSON.stringify([command, ofOptions, commands]);
  const others = /tsconfig\.(?!json|migrations\.json)[\w.-]+/;
  return [...text.matchAll(/tsc\s[^&|;"]*/g)].some(
    ([one]) => /\s(?:--build|-b)\b/.test(one) && !others.test(one),
  );
}

/** The targets that plugins infer for a project; without a project graph, what nx.json tells of the TypeScript plugin. */
function inferredTargets(tree: Tree, project: string): Targets {
  try {
    if (tree.root === workspaceRoot) {
      return readCachedProjectGraph().nodes[project]?.data.targets ?? {};
    }
  } catch {
    // No graph yet.
  }
  const entries = readNxJson(tree)?.plugins ?? [];
  const isSolution = entries.some(
    (entry) => (typeof entry === 'string' ? entry : entry.plugin) === '@nx/js/typescript',
  );
  return isSolution ? { [TYPECHECK]: { command: 'tsc --build tsconfig.json' } } : {};
}
