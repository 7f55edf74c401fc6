import { baseline, type BaselineOptions, type BaselineResult } from './commands/baseline';
import { migrate, type MigrateOptions } from './commands/migrate';
import { migrateAcrossProjects } from './commands/migrate-across-projects';
import type { CommandContext } from './commands/project-database';
import { diskSources } from './commands/project-sources';
import { repair, type RepairOptions, type RepairResult } from './commands/repair';
import { rollback, type RollbackOptions } from './commands/rollback';
import { status, type StatusOptions } from './commands/status';
import { loadProjectConfig } from './config/load-project-config';
import { resolveSettings, type SettingsOverrides } from './config/resolve-settings';
import type { ClientPool, DatabaseService, Settings } from './config/settings';
import type { RunListener } from './run/events';
import type { RunResult, StatusResult } from './run/result';
import type { GenerateMigrationOptions } from './scaffold/generate-migration';
import type { ScaffoldedMigration } from './scaffold/scaffold-migration';

/** How to find and parse a project's configuration. */
export interface LoadAgentOptions {
  /** The project's folder: where `db.config.*` is, or the defaults apply. */
  readonly projectRoot: string;
  /** The project's name; read off its configuration, project.json or package.json when absent. */
  readonly project?: string;
  /** Environment; else `NODE_ENV`, else `development`. */
  readonly environment?: string;
  /** One of the environment's named databases; all of them when absent. */
  readonly database?: string;
  /** Environment variables to read. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** The application's own connections, used instead of a url. */
  readonly connection?: ClientPool | DatabaseService;
  /** What the command line says over the configuration. */
  readonly overrides?: SettingsOverrides;
  readonly onEvent?: RunListener;
  /** Abort it to cancel: the running statement is cancelled, its transaction rolled back, the attempt recorded. */
  readonly signal?: AbortSignal;
}

/** What an agent is made of, where the settings are known already. */
export interface AgentOptions {
  readonly settings: Settings;
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

  constructor({ settings, onEvent, signal }: AgentOptions) {
    this.settings = settings;
    this.context = {
      settings,
      onEvent: unbreakable(onEvent),
      signal: signal ?? new AbortController().signal,
      sources: diskSources,
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
   * Applies what is pending, dependencies first, one transaction each, up to the first failure. With
   * `prerequisites: 'apply'` the migrations of other projects that it needs go first, as `prerequisiteRuns` of the result.
   *
   * @throws {MigratorError} everything that stands in the way, before anything is touched: `CHECKSUM_MISMATCH`,
   *   `FILE_MISSING`, `OUT_OF_ORDER`, `DEPENDENCY_CYCLE`, `PREREQUISITE_NOT_APPLIED`, `INTERRUPTED`, `LOCK_HELD`, …
   */
  migrate(options: MigrateOptions = {}): Promise<RunResult> {
    return options.prerequisites === 'apply'
      ? migrateAcrossProjects(this.context, options)
      : migrate(this.context, options);
  }

  /** What is applied, pending, failed and drifted, and the newest rows of the history. Changes nothing, takes no lock. */
  status(options: StatusOptions = {}): Promise<StatusResult> {
    return status(this.context, options);
  }

  /**
   * Reverts migrations, newest first, each with the data its `up` had stored.
   *
   * @throws {MigratorError} `NOT_APPLIED`, `REQUIRED_BY_OTHERS`, `NO_DOWN`, `UNKNOWN_MIGRATION`, … before anything is touched
   */
  rollback(options: RollbackOptions): Promise<RunResult> {
    return rollback(this.context, options);
  }

  /**
   * Mends the history where files and history no longer fit, by rows that say so; resumes what was interrupted.
   *
   * @throws {MigratorError} `CONFIRMATION_REQUIRED` where only a person can choose, `NOTHING_TO_REPAIR`, …
   */
  repair(options: RepairOptions): Promise<RepairResult> {
    return repair(this.context, options);
  }

  /**
   * Marks migrations of a database that already has them as applied, without running them.
   *
   * @throws {MigratorError} `HISTORY_NOT_EMPTY`, `UNKNOWN_MIGRATION`
   */
  baseline(options: BaselineOptions): Promise<BaselineResult> {
    return baseline(this.context, options);
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
    try {
      listener?.(event);
    } catch {
      // Telling what happens must never change what happens.
    }
  };
}
