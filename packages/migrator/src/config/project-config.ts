import type { FindTenants, UrlSource } from './config';

/** One database of an environment, its url not yet looked up. */
export interface DatabaseEntry {
  /** `undefined` for the only database of an environment. */
  readonly name: string | undefined;
  readonly url: UrlSource | undefined;
  /** The configuration key that the url is under, e.g. `environments.production.url`. */
  readonly key: string;
}

/** One environment, checked, with every default filled in. Durations are milliseconds. */
export interface ProjectEnvironment {
  readonly name: string;
  /** At least one. */
  readonly databases: readonly DatabaseEntry[];
  /** Names that the environment had before; none where it was never renamed. */
  readonly formerNames: readonly string[];
  readonly protected: boolean;
  readonly outOfOrder: 'refuse' | 'allow';
  readonly schema: string;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly lockWaitMs: number;
  readonly lockRetries: number;
  readonly reconnectTimeoutMs: number;
  readonly tenants: FindTenants | undefined;
}

/** A project's configuration: checked, every default filled in, no environment chosen and no url looked up. */
export interface ProjectConfig {
  readonly project: string;
  /** Names that the project had before, its present one not among them. */
  readonly formerNames: readonly string[];
  /** Names that the configuration declares to belong to other projects. */
  readonly otherNames: readonly string[];
  /** Absolute. */
  readonly projectRoot: string;
  /** Absolute. */
  readonly workspaceRoot: string;
  /** Absolute; `undefined` where the defaults are in force. */
  readonly configPath: string | undefined;
  /** Absolute. */
  readonly migrationsFolder: string;
  /** Schemas behind the environment's own schema. */
  readonly searchPath: readonly string[];
  readonly loadTimeoutMs: number;
  /** In the order of the file; at least one. */
  readonly environments: readonly ProjectEnvironment[];
}

/** An environment as a target or a help text needs it. */
export interface EnvironmentSummary {
  readonly name: string;
  readonly protected: boolean;
  /** Names of its databases; empty where it has only one. */
  readonly databases: readonly string[];
}

/**
 * The environments of a configuration, without looking up a url.
 *
 * @param config a loaded configuration
 */
export function listEnvironments(config: ProjectConfig): EnvironmentSummary[] {
  return config.environments.map((environment) => ({
    name: environment.name,
    protected: environment.protected,
    databases: environment.databases.flatMap((database) => database.name ?? []),
  }));
}
