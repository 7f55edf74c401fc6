/** What a command acts on: one project in one environment, in one of its databases, for one tenant. */
export interface Target {
  readonly project: string;
  readonly environment: string;
  /** Name of one of several databases of the environment; absent where it has only one. */
  readonly databaseName?: string | undefined;
  /** Absent for the environment's own database. */
  readonly tenant?: string | undefined;
}

/** A target as far as it is known: a command may end before it has chosen an environment. */
export type TargetPlace = Omit<Target, 'environment'> & {
  readonly environment: string | undefined;
};

/** Only the fields that make up a target, of anything that has more; without those that are absent. */
export function targetOf({ project, environment, databaseName, tenant }: Target): Target {
  return {
    project,
    environment,
    ...(databaseName === undefined ? {} : { databaseName }),
    ...(tenant === undefined ? {} : { tenant }),
  };
}

/** The target within its project, for people: `production/eu/acme`. */
export function targetPath({
  environment,
  databaseName,
  tenant,
}: Omit<TargetPlace, 'project'>): string {
  return [environment, databaseName, tenant].filter((part) => part !== undefined).join('/');
}

/** The environment of a command if neither an option nor `NODE_ENV` names one. */
export const DEFAULT_ENVIRONMENT = 'development';

/** The environment of a command that names none. */
export function defaultEnvironment(env: Readonly<Record<string, string | undefined>>): string {
  return env['NODE_ENV'] ?? DEFAULT_ENVIRONMENT;
}
