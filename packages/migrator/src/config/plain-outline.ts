import { isPromise } from 'node:util/types';
import type { Config, EnvironmentConfig } from './config';
import { DEFAULT_ENVIRONMENTS, DEFAULT_MIGRATIONS } from './defaults';

/** What the graph asks of one environment. */
export interface EnvironmentOutline {
  /** Names of its databases; empty where it has only one. */
  readonly databases: readonly string[];
  readonly protected: boolean;
}

/** What can be read off a configuration that looks as it should. */
export interface PlainOutline {
  /** By name, in the order of the file. */
  readonly environments: Readonly<Record<string, EnvironmentOutline>>;
  /** Folder of the migration files as the configuration gives it, e.g. `./migrations`. */
  readonly migrations: string;
  /** The project's name, where the configuration gives one. */
  readonly project: string | undefined;
  /** Names that the project had before. */
  readonly formerNames: readonly string[];
}

const KEYS: Readonly<Record<string, true>> = {
  project: true,
  renamedFrom: true,
  notRenamedFrom: true,
  migrations: true,
  schema: true,
  searchPath: true,
  outOfOrder: true,
  loadTimeout: true,
  environments: true,
} satisfies Record<keyof Config, true>;

const ENVIRONMENT_KEYS: Readonly<Record<string, true>> = {
  url: true,
  databases: true,
  protected: true,
  lockTimeout: true,
  statementTimeout: true,
  lockWait: true,
  lockRetries: true,
  reconnectTimeout: true,
  outOfOrder: true,
  schema: true,
  tenants: true,
  renamedFrom: true,
} satisfies Record<keyof EnvironmentConfig, true>;

/** Stricter than what a configuration may hold: who is outside is looked at by the schema, which knows what to say. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const PROJECT_NAME = /^[A-Za-z0-9@][A-Za-z0-9_./@-]{0,200}$/;

/**
 * Reads the outline off the value of a configuration, without its schema: a library to load, for all of a workspace's
 * configurations whenever Nx starts. Urls, durations and whatever else the outline does not show are not looked at.
 *
 * @returns `undefined` when anything is out of the ordinary, and the schema has to say what
 */
export function readPlainOutline(value: unknown): PlainOutline | undefined {
  if (!isObjectOf(KEYS, value)) return undefined;
  const { environments = DEFAULT_ENVIRONMENTS, migrations = DEFAULT_MIGRATIONS, project } = value;
  const { renamedFrom = [], notRenamedFrom } = value;
  if (!isProjectName(project) || typeof migrations !== 'string' || migrations === '')
    return undefined;
  if (!isListOfNames(renamedFrom) || notRenamedFrom !== undefined) return undefined;
  const outlines = namedObjects(environments)?.map(([name, environment]) => [
    name,
    readEnvironment(environment),
  ]);
  if (outlines === undefined || outlines.some(([, outline]) => outline === undefined)) {
    return undefined;
  }
  return {
    environments: Object.fromEntries(outlines) as Record<string, EnvironmentOutline>,
    migrations,
    project,
    formerNames: renamedFrom,
  };
}

function readEnvironment(value: unknown): EnvironmentOutline | undefined {
  if (!isObjectOf(ENVIRONMENT_KEYS, value)) return undefined;
  const { databases, protected: isProtected = false } = value;
  if (typeof isProtected !== 'boolean') return undefined;
  const named = databases === undefined ? [] : namedObjects(databases);
  return named && { databases: named.map(([name]) => name), protected: isProtected };
}

/** The entries of an object with good names for keys, at least one. */
function namedObjects(value: unknown): [string, unknown][] | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value);
  return entries.length > 0 && entries.every(([name, item]) => NAME.test(name) && isObject(item))
    ? entries
    : undefined;
}

function isProjectName(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && PROJECT_NAME.test(value));
}

function isListOfNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => item !== undefined && isProjectName(item));
}

function isObjectOf(
  keys: Readonly<Record<string, true>>,
  value: unknown,
): value is Record<string, unknown> {
  return isObject(value) && Object.keys(value).every((key) => Object.hasOwn(keys, key));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isPromise(value);
}
