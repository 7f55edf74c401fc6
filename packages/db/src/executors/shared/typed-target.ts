import type { ExecutorContext } from '@nx/devkit';
import { relative, sep } from 'node:path';

/** What the reading of a word depends on. */
export type WorkspaceContext = Pick<
  ExecutorContext,
  'root' | 'cwd' | 'projectsConfigurations' | 'nxJsonConfiguration'
>;

/** A word of the command line, read as the target to run. */
export interface TypedTarget {
  /** Name of a project in the graph; `undefined` when the word gives a pattern, a short name or no project. */
  readonly project: string | undefined;
  /** What follows the target, which may be empty (`api:migrate:`); `undefined` when nothing follows. */
  readonly configuration: string | undefined;
}

type Projects = Readonly<Record<string, { readonly targets?: Readonly<Record<string, unknown>> }>>;

/** Nx's own short forms. */
const TARGET_ALIASES: ReadonlySet<string> = new Set(['b', 'e', 'l', 's', 't']);

/**
 * Every way in which Nx may read a word as `project:target:configuration`, as Nx 22 to 24 do (their `splitTarget` is not
 * public): an exact match in the graph first, then all but the last segment, then segment by segment, with a project that is a
 * short name or a pattern. A word that has no reading cannot be the target that Nx runs.
 *
 * @returns no reading, or several where the project of the current folder makes a difference
 */
export function readTypedTarget(word: string, context: WorkspaceContext): TypedTarget[] {
  const projects: Projects = context.projectsConfigurations.projects;
  const segments = splitByColons(word);
  const current = defaultProject(context);
  const readings = [undefined, current].map((project) => readAs(segments, projects, project));
  return readings.flat().filter((reading) => reading !== undefined);
}

function readAs(
  segments: readonly string[],
  projects: Projects,
  current: string | undefined,
): TypedTarget | undefined {
  const exact = bestMatch(segments, projects, current);
  if (exact !== undefined) return exact;
  const [first = ''] = segments;
  if (segments.length === 1) {
    if (!isTarget(first, projects) && !TARGET_ALIASES.has(first)) return undefined;
    return { project: undefined, configuration: undefined };
  }
  const rest = bestMatch(segments.slice(0, -1), projects, current);
  if (rest !== undefined && rest.configuration === undefined) {
    return { ...rest, configuration: segments.at(-1) };
  }
  return readNaively(segments, projects);
}

/** Segment by segment. A project whose name begins with a colon takes more than one. */
function readNaively(segments: readonly string[], projects: Projects): TypedTarget | undefined {
  const shortest = segments[0] === '' ? 2 : 1;
  for (let count = shortest; count < segments.length; count += 1) {
    const project = segments.slice(0, count).join(':');
    const behind = segments.slice(count);
    const own = projects[project]?.targets;
    const length = own === undefined ? 1 : (longestTarget(behind, own) ?? 1);
    if (own === undefined && !isTarget(behind[0] ?? '', projects)) continue;
    if (own !== undefined && longestTarget(behind, own) === undefined) continue;
    return {
      project: own === undefined ? undefined : project,
      configuration: behind.length > length ? behind.slice(length).join(':') : undefined,
    };
  }
  return undefined;
}

/** The match that Nx prefers: the current project's, then the longest project, then the longest target. */
function bestMatch(
  segments: readonly string[],
  projects: Projects,
  current: string | undefined,
): TypedTarget | undefined {
  const own = projects[current ?? '']?.targets;
  const bare = own && exactTarget(segments, own);
  if (bare !== undefined) return { project: current, ...bare };
  for (let count = segments.length - 1; count >= 1; count -= 1) {
    const project = segments.slice(0, count).join(':');
    const targets = projects[project]?.targets;
    const found = targets && exactTarget(segments.slice(count), targets);
    if (found !== undefined) return { project, ...found };
  }
  return undefined;
}

/** A target, alone or with a configuration that it has. */
function exactTarget(
  segments: readonly string[],
  targets: Readonly<Record<string, unknown>>,
): Pick<TypedTarget, 'configuration'> | undefined {
  for (let count = segments.length; count >= 1; count -= 1) {
    const target = targets[segments.slice(0, count).join(':')];
    if (target === undefined) continue;
    if (count === segments.length) return { configuration: undefined };
    const configuration = segments.slice(count).join(':');
    const { configurations } = target as { configurations?: Readonly<Record<string, unknown>> };
    if (configurations?.[configuration] !== undefined) return { configuration };
  }
  return undefined;
}

/** How many segments the longest target takes. */
function longestTarget(
  segments: readonly string[],
  targets: Readonly<Record<string, unknown>>,
): number | undefined {
  for (let count = segments.length; count >= 1; count -= 1) {
    if (targets[segments.slice(0, count).join(':')] !== undefined) return count;
  }
  return undefined;
}

function isTarget(name: string, projects: Projects): boolean {
  return Object.values(projects).some(({ targets }) => targets?.[name] !== undefined);
}

/** The project of the current folder, else the one that the environment or nx.json gives. */
function defaultProject(context: WorkspaceContext): string | undefined {
  const { root, cwd, projectsConfigurations, nxJsonConfiguration: nxJson } = context;
  const folder = relative(root, cwd).split(sep).join('/');
  const containing = Object.entries(projectsConfigurations.projects)
    .filter(([, project]) => folder === project.root || folder.startsWith(`${project.root}/`))
    .sort(([, one], [, other]) => other.root.length - one.root.length);
  const legacy = nxJson as { cli?: { defaultProjectName?: string }; defaultProject?: string };
  return (
    containing[0]?.[0] ??
    process.env['NX_DEFAULT_PROJECT'] ??
    legacy?.cli?.defaultProjectName ??
    legacy?.defaultProject ??
    rootProject(context)
  );
}

function rootProject({ projectsConfigurations }: WorkspaceContext): string | undefined {
  const projects = Object.entries(projectsConfigurations.projects);
  return projects.find(([, { root }]) => root === '.' || root === '')?.[0];
}

/** Colons between double quotes do not separate. */
function splitByColons(word: string): string[] {
  const parts = [''];
  let quoted = false;
  for (const character of word) {
    if (character === '"') quoted = !quoted;
    else if (character === ':' && !quoted) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}
