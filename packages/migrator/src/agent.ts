import type { ClientPool, DatabaseService, Settings } from './config/settings';
import type { SettingsOverrides } from './config/resolve-settings';
import type { RevertSelection } from './plan/select-revert';
import type { RunListener } from './run/events';
import type { RunResult, StatusResult } from './run/result';

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
  /** Environment variables to read; default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Use the application's own connections instead of a url. */
  readonly connection?: ClientPool | DatabaseService;
  /** What the command line says over the configuration. */
  readonly overrides?: SettingsOverrides;
  readonly onEvent?: RunListener;
  /** Abort to cancel: the running statement is cancelled, its transaction rolled back, the attempt recorded. */
  readonly signal?: AbortSignal;
}

export interface AgentOptions {
  readonly settings: Settings;
  readonly onEvent?: RunListener;
  readonly signal?: AbortSignal;
}

export interface MigrateOptions {
  /** The last version to apply (inclusive). Its dependencies come along. */
  readonly to?: string;
  readonly mode?: 'run' | 'dry-run';
  readonly transaction?: 'each' | 'single';
}

export interface RollbackOptions {
  readonly selection: RevertSelection;
  readonly mode?: 'run' | 'dry-run';
}

export interface GenerateOptions {
  readonly name: string;
  readonly description?: string;
  /** Names, versions, or `project:name` / `project:version`. */
  readonly dependencies?: readonly string[];
}

export interface GeneratedMigration {
  readonly path: string;
  readonly version: string;
  readonly name: string;
  readonly dependencies: readonly string[];
}

export interface RepairOptions {
  /** Name or version; absent: everything of the project that needs repair (checksum drift, vanished files). */
  readonly migration?: string;
  readonly action?: 'resume' | 'mark-applied' | 'mark-reverted' | 'accept-checksum';
  readonly mode: 'show' | 'run';
}

export interface RepairStep {
  readonly id: string;
  readonly action: 'resume' | 'mark-applied' | 'mark-reverted' | 'accept-checksum';
  /** One sentence: what is wrong and what the step does. */
  readonly why: string;
}

export interface RepairResult {
  readonly project: string;
  readonly environment: string;
  readonly status: 'nothing-to-do' | 'planned' | 'done' | 'failed';
  readonly steps: readonly RepairStep[];
  /** The run of a resumed migration. */
  readonly run: RunResult | undefined;
}

export interface BaselineOptions {
  /** Mark as applied every migration up to this version. */
  readonly to: string;
  readonly mode?: 'run' | 'dry-run';
}

export interface BaselineResult {
  readonly project: string;
  readonly environment: string;
  readonly status: 'planned' | 'done';
  readonly marked: readonly string[];
}

/**
 * The facade: one project on one database. Composes the rooms; holds no connection between calls. Prints nothing, prompts
 * for nothing, exits nothing.
 *
 * `migrate`, `rollback` and `repair` return a result also when a migration failed; bad input and a held lock throw a
 * {@link MigratorError} with nothing touched.
 */
export declare class MigrationAgent {
  /** Finds and checks the configuration; one agent per database of the environment (one element in most projects). */
  static load(options: LoadAgentOptions): Promise<MigrationAgent[]>;
  constructor(options: AgentOptions);
  readonly settings: Settings;
  migrate(options?: MigrateOptions): Promise<RunResult>;
  status(options?: { readonly recent?: number }): Promise<StatusResult>;
  rollback(options: RollbackOptions): Promise<RunResult>;
  /** Writes a new typed migration into the project's folder. Touches no database. */
  generate(options: GenerateOptions): Promise<GeneratedMigration>;
  repair(options: RepairOptions): Promise<RepairResult>;
  baseline(options: BaselineOptions): Promise<BaselineResult>;
}
