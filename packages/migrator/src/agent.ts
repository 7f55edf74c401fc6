import type { AdoptEnvironmentOptions, AdoptEnvironmentResult } from './commands/adopt-environment';
import type { BaselineOptions, BaselineResult } from './commands/baseline';
import type { MigrateOptions } from './commands/plan-migrate';
import type { MigrateTenantsOptions } from './commands/migrate-tenants';
import type { CommandContext } from './commands/project-database';
import { diskSources, rememberedSources } from './commands/project-sources';
import type { RepairOptions, RepairResult } from './commands/repair';
import type { RollbackOptions } from './commands/rollback';
import type { StatusOptions } from './commands/status';
import type { StatusTenantsOptions } from './commands/status-tenants';
import type { EnvironmentVariables, VariableFiles } from './config/environment-variables';
import { loadProjectConfig } from './config/load-project-config';
import { resolveSettings, type SettingsOverrides } from './config/resolve-settings';
import type { ClientPool, DatabaseService, Settings } from './config/settings';
import type { GivenNames } from './plan/select-names';
import type { RunListener } from './run/events';
import type { RunResult, StatusResult, TenantsResult, TenantsStatusResult } from './run/result';
import type { GenerateMigrationOptions } from './scaffold/generate-migration';
import type { ScaffoldedMigration } from './scaffold/scaffold-migration';
import type { TargetChoice } from './targets/select-targets';

// Commands are imported where they are called: a command loads what it needs, and nothing of the others.

/** How to find and parse a project's configuration. */
export interface LoadAgentOptions {
  /** The project's folder: where `db.config.*` is, or the defaults apply. */
  readonly projectRoot: string;
  /** The project's name if its configuration sets none. Default: the name in project.json, package.json or of the folder. */
  readonly project?: string;
  /** Environment; else `NODE_ENV`, else `development`. */
  readonly environment?: string;
  /** Names of the environment's databases, lists of them or patterns with `*`; all databases when absent. */
  readonly database?: GivenNames;
  /** Environment variables to read. Default `process.env`. */
  readonly env?: EnvironmentVariables;
  /** The `.env` files that some of `env` are from: messages and the source of a url name them. */
  readonly variableFiles?: VariableFiles;
  /** The application's own connections, used instead of a url. */
  readonly connection?: ClientPool | DatabaseService;
  /** What the command line says over the configuration. */
  readonly overrides?: SettingsOverrides;
  readonly onEvent?: RunListener;
  /** Abort it to cancel: the running statement is cancelled, its transaction rolled back, the attempt recorded. */
  readonly signal?: AbortSignal;
}

/** How to find a project's configuration, and which of its targets to act on. */
export interface TargetOptions extends LoadAgentOptions, Omit<TargetChoice, 'database'> {}

/** What an agent is made of, where the settings are known already. */
export interface AgentOptions {
  readonly settings: Settings;
  /** Environment variables, for the urls of other projects that this one depends on. Default `process.env`. */
  readonly env?: EnvironmentVariables;
  readonly variableFiles?: VariableFiles;
  /** What `settings` were overridden with: other projects get the same limits of time. */
  readonly overrides?: SettingsOverrides;
  readonly onEvent?: RunListener;
  readonly signal?: AbortSignal;
}

/**
 * One project on one database: the facade that composes the engine's rooms. It holds no connection between calls, prints
 * nothing, prompts for nothing and never ends the process.
 *
 * `migrate`, `rollback` and `repair` give back a result also when a migration failed. What is refused before anything is
 * touched (bad input, a held lock, a history that does not fit) throws a {@link MigratorError} with all problems.
 *
 * @example
 * ```ts
 * const [agent] = await MigrationAgent.load({ projectRoot: 'apps/api', environment: 'staging' });
 * const result = await agent.migrate();
 * if (result.failed) console.error(result.failed.error.code, result.failed.guidance);
 * ```
 */
export class MigrationAgent {
  readonly settings: Settings;
  private readonly context: CommandContext;

  constructor({ settings, env, variableFiles, overrides = {}, onEvent, signal }: AgentOptions) {
    const { lockWait, lockTimeout, statementTimeout } = overrides;
    this.settings = settings;
    this.context = {
      settings,
      onEvent: unbreakable(onEvent),
      signal: signal ?? new AbortController().signal,
      sources: diskSources,
      env: env ?? process.env,
      variableFiles,
      limits: { lockWait, lockTimeout, statementTimeout },
    };
  }

  /**
   * Finds and checks the configuration.
   *
   * @returns one agent for each database of the environment: one, unless the environment names several
   * @throws {MigratorError} `INVALID_CONFIG`, `UNKNOWN_ENVIRONMENT`, `UNKNOWN_DATABASE`, `INVALID_CONNECTION`, …
   */
  static async load(options: LoadAgentOptions): Promise<MigrationAgent[]> {
    const config = await loadProjectConfig(options);
    const settings = resolveSettings(config, { ...options, env: options.env ?? process.env });
    return settings.map((each) => new MigrationAgent({ ...options, settings: each }));
  }

  /**
   * Finds and checks the configuration, and chooses the targets that a command acts on.
   *
   * @returns with `per: 'database'` one agent for each database with its tenants, or for the one tenant that was named; with
   *   `per: 'target'` one agent for each database without tenants and for each tenant
   * @throws {MigratorError} as {@link load}; `UNKNOWN_TENANT` for each unknown name; `INVALID_ARGUMENT` if `named` is set and the
   *   options do not name which of several databases and tenants are meant
   */
  static async targets(options: TargetOptions): Promise<MigrationAgent[]> {
    const { selectTargets } = await import('./targets/select-targets.js');
    return selectTargets(await MigrationAgent.load(options), options);
  }

  /**
   * Applies what is pending, dependencies first, one transaction each, up to the first failure. With
   * `prerequisites: 'apply'` the migrations of other projects that it needs go first, as `prerequisiteRuns` of the result.
   *
   * @throws {MigratorError} everything that stands in the way, before anything is touched: `CHECKSUM_MISMATCH`,
   *   `FILE_MISSING`, `OUT_OF_ORDER`, `DEPENDENCY_CYCLE`, `PREREQUISITE_NOT_APPLIED`, `INTERRUPTED`, `LOCK_HELD`, …
   */
  async migrate(options: MigrateOptions = {}): Promise<RunResult> {
    if (options.prerequisites === 'apply') {
      const { migrateAcrossProjects } = await import('./commands/migrate-across-projects.js');
      return migrateAcrossProjects(this.command, options);
    }
    const { migrate } = await import('./commands/migrate.js');
    return migrate(this.command, options);
  }

  /** What is applied, pending, failed and drifted, and the newest rows of the history. Changes nothing, takes no lock. */
  async status(options: StatusOptions = {}): Promise<StatusResult> {
    const { status } = await import('./commands/status.js');
    return status(this.command, options);
  }

  /** Whether the environment has tenants: then `migrateTenants` is what applies migrations to them. */
  get hasTenants(): boolean {
    return this.settings.tenants !== undefined;
  }

  /**
   * Applies what is pending to every tenant of the environment: to one of them first and alone, then to several at once, each
   * under its own lock and with its own history. Tenants that are up to date are only looked at, so that running again
   * goes on where a run has stopped.
   *
   * @returns also when tenants failed, with what became of each
   * @throws {MigratorError} `UNKNOWN_TENANT`, `INVALID_TENANTS`, `INVALID_NAME`, … before anything is touched
   * @example
   * ```ts
   * const result = await agent.migrateTenants({ concurrency: 8, canary: 'tenant_demo', stopAfterFailures: 3 });
   * if (result.status === 'failed') console.error(result.counts);
   * ```
   */
  async migrateTenants(options: MigrateTenantsOptions = {}): Promise<TenantsResult> {
    const { migrateTenants } = await import('./commands/migrate-tenants.js');
    return migrateTenants(this.command, options);
  }

  /** How every tenant stands, in short. Changes nothing, takes no lock. */
  async statusTenants(options: StatusTenantsOptions = {}): Promise<TenantsStatusResult> {
    const { statusTenants } = await import('./commands/status-tenants.js');
    return statusTenants(this.command, options);
  }

  /**
   * The names of the environment's tenants: their schemas, or where their urls lead.
   *
   * @throws {MigratorError} `UNKNOWN_TENANT` when the environment has none, `INVALID_TENANTS`, …
   */
  async tenants(): Promise<string[]> {
    return (await this.findTenants()).map(({ name }) => name);
  }

  /**
   * An agent for one tenant alone, with all that an agent does.
   *
   * @param name as {@link tenants} gives it
   * @throws {MigratorError} `UNKNOWN_TENANT` with the nearest names
   */
  async tenant(name: string): Promise<MigrationAgent> {
    const { requireTenant } = await import('./commands/migrate-tenants.js');
    return this.with(requireTenant(await this.findTenants(), name, this.settings).settings);
  }

  /**
   * Agents for several tenants, one each, found with one query.
   *
   * @param names as {@link tenants} returns them; names of no tenant are left out
   * @throws {MigratorError} as {@link tenants}
   */
  async tenantAgents(names: readonly string[]): Promise<MigrationAgent[]> {
    const found = (await this.findTenants()).filter(({ name }) => names.includes(name));
    return found.map(({ settings }) => this.with(settings));
  }

  /** The same agent with a choice of tenants: `migrateTenants`, `statusTenants` and `tenants` leave the others out. */
  withTenants(names: readonly string[]): MigrationAgent {
    return this.with({ ...this.settings, chosenTenants: names });
  }

  private with(settings: Settings): MigrationAgent {
    const { limits: overrides, ...rest } = this.context;
    return new MigrationAgent({ ...rest, settings, overrides });
  }

  /** For one command: it reads each file once. */
  private get command(): CommandContext {
    return { ...this.context, sources: rememberedSources(this.context.sources) };
  }

  /** A look that nobody has to be told of. */
  private async findTenants() {
    const { findTenants } = await import('./commands/find-tenants.js');
    const { projectDatabase } = await import('./commands/project-database.js');
    return findTenants(await projectDatabase({ ...this.command, onEvent: () => undefined }));
  }

  /**
   * Reverts migrations, newest first, each with the data its `up` had stored.
   *
   * @throws {MigratorError} `NOT_APPLIED`, `REQUIRED_BY_OTHERS`, `NO_DOWN`, `UNKNOWN_MIGRATION`, … before anything is touched
   */
  async rollback(options: RollbackOptions): Promise<RunResult> {
    const { rollback } = await import('./commands/rollback.js');
    return rollback(this.command, options);
  }

  /**
   * Mends the history where files and history no longer fit, by rows that say so; resumes what was interrupted.
   *
   * @throws {MigratorError} `CONFIRMATION_REQUIRED` where only a person can choose, `NOTHING_TO_REPAIR`, …
   */
  async repair(options: RepairOptions): Promise<RepairResult> {
    const { repair } = await import('./commands/repair.js');
    return repair(this.command, options);
  }

  /**
   * Marks migrations of a database that already has them as applied, without running them.
   *
   * @throws {MigratorError} `HISTORY_NOT_EMPTY`, `UNKNOWN_MIGRATION`
   */
  async baseline(options: BaselineOptions): Promise<BaselineResult> {
    const { baseline } = await import('./commands/baseline.js');
    return baseline(this.command, options);
  }

  /**
   * Makes a restored copy of another environment's database a database of this environment: stamps every schema that has a
   * history, and carries the state of all projects' migrations over with their rollback data, by audited rows.
   *
   * @throws {MigratorError} `CONFIRMATION_REQUIRED` if the database is protected and `confirm` does not name the environment
   *   that is given up; `NOTHING_TO_REPAIR`, `ENVIRONMENT_MISMATCH`, `PERMISSION_DENIED`, `LOCK_HELD`
   */
  async adoptEnvironment(options: AdoptEnvironmentOptions): Promise<AdoptEnvironmentResult> {
    const { adoptEnvironment } = await import('./commands/adopt-environment.js');
    return adoptEnvironment(this.context, options);
  }

  /** Writes a new typed migration into the project's folder. Touches no database. */
  async generate(
    options: Omit<GenerateMigrationOptions, 'projectRoot' | 'project'>,
  ): Promise<ScaffoldedMigration> {
    const { generateMigration } = await import('./scaffold/generate-migration.js');
    const { projectRoot, project } = this.settings;
    return generateMigration({ ...options, projectRoot, project });
  }
}

/** A listener whose failure cannot break a run. */
function unbreakable(listener: RunListener | undefined): RunListener {
  return (event) => {
    // Reporting what happens must never change what happens: neither a throw nor the promise of an async listener.
    try {
      const returned: unknown = listener?.(event);
      void Promise.resolve(returned).catch(() => undefined);
    } catch {
      return;
    }
  };
}
