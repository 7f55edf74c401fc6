import { posix } from 'node:path';
import { requiredProjects, type ProjectFacts } from './project-facts';
import { taskOrder, type TaskOrder } from './task-order';

/** A project with a database, as createNodes found it. */
export interface DatabaseProject {
  /** Relative to the workspace. */
  readonly root: string;
  readonly facts: Pick<ProjectFacts, 'name' | 'formerNames'>;
}

/** Reads the name that Nx gives to the project in a folder, relative to the workspace. */
export type NxNameOf = (root: string) => Promise<string>;

/**
 * The roots of the projects that a name in a migration's dependencies means. Migrations name a project as `db.config`
 * does, and may still use a name that it had before; Nx knows it by another name.
 */
export type ProjectOwners = ReadonlyMap<string, readonly string[]>;

/**
 * Maps the names that differ from Nx's own to the roots of their projects. A workspace in which no configuration sets
 * `project` or `renamedFrom` has none, and costs nothing.
 */
export async function projectOwners(
  projects: readonly DatabaseProject[],
  nxNameOf: NxNameOf,
): Promise<ProjectOwners> {
  const owners = new Map<string, string[]>();
  const add = (name: string, root: string) => {
    owners.set(name, [...new Set([...(owners.get(name) ?? []), root])]);
  };
  for (const { root, facts } of projects) if (facts.name !== undefined) add(facts.name, root);
  const renamed = projects.filter(({ facts }) => facts.formerNames.length > 0);
  if (renamed.length === 0) return owners;
  // A new project may have taken a former name: a dependency on that name may then mean either project.
  for (const { root, facts } of projects) {
    if (facts.name === undefined) add(await nxNameOf(root), root);
  }
  for (const { root, facts } of renamed) for (const name of facts.formerNames) add(name, root);
  return owners;
}

/** A project that migrations of another one need. */
export interface RequiredProject {
  /** As Nx names it. */
  readonly name: string;
  /** Names of the databases of all its environments. */
  readonly databases: readonly string[];
}

/** What the migrations of a project need of other projects. */
export interface Upstream {
  /**
   * The projects that they declare dependencies on, each once, sorted. They may not exist. Without those whose migrations need
   * this project in turn.
   */
  readonly projects: readonly RequiredProject[];
  /** What else comes before: `nothing` for a project that could otherwise wait for itself. */
  readonly codeDependencies: 'first' | 'nothing';
  /** `apply`: migrations of other projects need this one in turn, and are applied by its own run. */
  readonly prerequisites: 'require' | 'apply';
  /** The files of these projects, and of those that these need in turn, which decide whether the migrations can run. */
  readonly files: readonly string[];
}

/** What all projects with a database need of each other. */
export class Requirements {
  private names: Promise<ReadonlyMap<string, string>> | undefined;
  private order: Promise<TaskOrder> | undefined;

  constructor(
    private readonly projects: readonly (DatabaseProject & { readonly facts: ProjectFacts })[],
    private readonly owners: ProjectOwners,
    private readonly nxNameOf: NxNameOf,
    /** Whether the code of a project is known to depend on another one, by root. */
    private readonly dependsOn: (from: string, to: string) => boolean,
  ) {}

  async of(root: string): Promise<Upstream> {
    const direct = await this.direct(root);
    const seen = new Set<string | undefined>([root, undefined]);
    const files: string[] = [];
    for (const waiting = [...direct]; waiting.length > 0;) {
      const project = waiting.shift()?.project;
      if (project === undefined || seen.has(project.root)) continue;
      seen.add(project.root);
      const { migrations, configName, helpers } = project.facts;
      files.push(`${migrations}/**/*`, posix.join(project.root, configName), ...helpers);
      waiting.push(...(await this.direct(project.root)));
    }
    const { withoutProjects, circular } = await this.taskOrder();
    const inTurn = circular.get(root);
    const before = direct.filter(({ project }) => inTurn?.has(project?.root ?? '') !== true);
    return {
      projects: before.map(({ name, project }) => ({
        name,
        databases: Object.values(project?.facts.environments ?? {}).flat(),
      })),
      codeDependencies: withoutProjects.has(root) ? 'nothing' : 'first',
      prerequisites: inTurn === undefined ? 'require' : 'apply',
      files,
    };
  }

  /** How the `migrate` tasks of all projects wait for each other. */
  taskOrder(): Promise<TaskOrder> {
    return (this.order ??= this.readOrder());
  }

  private async readOrder(): Promise<TaskOrder> {
    const edges = new Map<string, string[]>();
    for (const { root } of this.projects) {
      const required = await this.direct(root);
      if (required.length === 0) continue;
      edges.set(
        root,
        required.flatMap(({ project }) => project?.root ?? []),
      );
    }
    return taskOrder(edges, this.dependsOn);
  }

  /** Each project that migrations of the one in a folder name, by its name in Nx, each once, sorted. */
  private async direct(root: string) {
    const own = this.projects.find((project) => project.root === root);
    const required = own === undefined ? [] : requiredProjects(own.facts);
    if (required.length === 0) return [];
    const names = await (this.names ??= this.readNames());
    const found = new Map<string, (typeof this.projects)[number] | undefined>();
    for (const name of required) {
      const roots = this.owners.get(name)?.filter((other) => other !== root);
      const owners = roots ?? [...names].flatMap(([other, known]) => (known === name ? other : []));
      for (const other of owners) {
        found.set(
          names.get(other) ?? name,
          this.projects.find((project) => project.root === other),
        );
      }
      if (roots === undefined && owners.length === 0) found.set(name, undefined);
    }
    return [...found]
      .map(([name, project]) => ({ name, project }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Nx's name for each root. Only workspaces whose projects name each other read it. */
  private async readNames(): Promise<ReadonlyMap<string, string>> {
    const names = this.projects.map(async ({ root }) => [root, await this.nxNameOf(root)] as const);
    return new Map(await Promise.all(names));
  }
}
