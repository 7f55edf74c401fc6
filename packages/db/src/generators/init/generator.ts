import {
  addDependenciesToPackageJson,
  formatFiles,
  readJson,
  readNxJson,
  updateNxJson,
  type GeneratorCallback,
  type NxJsonConfiguration,
  type Tree,
} from '@nx/devkit';
import type { DbPluginOptions } from '../../graph/options';
import { version } from '../../version';
import type { InitGeneratorSchema } from './schema';

/** The name under which nx.json registers the plugin. */
export const PLUGIN = '@flashfusion/db';

/**
 * Registers the plugin in nx.json, adds its packages, and keeps embedded databases and reports out of git. Changes nothing
 * that is there already.
 */
export async function initGenerator(
  tree: Tree,
  options: InitGeneratorSchema,
): Promise<GeneratorCallback> {
  if (shouldAddPlugin(tree, options)) registerPlugin(tree, {});
  ignoreLocalData(tree);
  const install = options.skipPackageJson === true ? () => undefined : addPackages(tree, options);
  if (options.skipFormat !== true) await formatFiles(tree);
  return install;
}

/** Whether targets are inferred, or have to be written into project.json. */
export function shouldAddPlugin(
  tree: Tree,
  options: Pick<InitGeneratorSchema, 'addPlugin'>,
): boolean {
  return (
    options.addPlugin ??
    (process.env['NX_ADD_PLUGINS'] !== 'false' && readNxJson(tree)?.useInferencePlugins !== false)
  );
}

/** The plugin's options in nx.json; `undefined` where it is not registered for all projects. */
export function registeredOptions(nxJson: NxJsonConfiguration | null): DbPluginOptions | undefined {
  for (const entry of nxJson?.plugins ?? []) {
    if (entry === PLUGIN) return {};
    if (typeof entry === 'string' || entry.plugin !== PLUGIN) continue;
    if (entry.include === undefined && entry.exclude === undefined) return entry.options ?? {};
  }
  return undefined;
}

/** Adds the plugin to nx.json, unless it is there. */
export function registerPlugin(tree: Tree, options: DbPluginOptions): void {
  const nxJson = readNxJson(tree);
  if (nxJson === null || registeredOptions(nxJson) !== undefined) return;
  const entry = Object.keys(options).length === 0 ? PLUGIN : { plugin: PLUGIN, options };
  updateNxJson(tree, { ...nxJson, plugins: [...(nxJson.plugins ?? []), entry] });
}

function addPackages(tree: Tree, options: InitGeneratorSchema): GeneratorCallback {
  const { dependencies = {} } = readJson<{ dependencies?: Record<string, string> }>(
    tree,
    'package.json',
  );
  const wanted = [PLUGIN, '@flashfusion/migrator'].filter((name) => !(name in dependencies));
  return addDependenciesToPackageJson(
    tree,
    {},
    Object.fromEntries(wanted.map((name) => [name, `^${version}`])),
    undefined,
    options.keepExistingVersions ?? true,
  );
}

/** `.data` holds the embedded databases; `dist` is where reports go. */
function ignoreLocalData(tree: Tree): void {
  const text = tree.read('.gitignore', 'utf-8') ?? '';
  const present = new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/^\/|\/$/g, '')));
  const missing = ['.data', ...(present.has('dist') ? [] : ['dist/.migrations'])].filter(
    (line) => !present.has(line),
  );
  if (missing.length === 0) return;
  const separator = text === '' || text.endsWith('\n') ? '' : '\n';
  tree.write('.gitignore', `${text}${separator}${missing.join('\n')}\n`);
}
