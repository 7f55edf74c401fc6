import { readProperty } from '../errors';
import type { GivenNames } from '../plan/select-names';

/** A task that writes a report, as the workspace tool plans it. */
export interface ReportedTask {
  /** As the workspace tool prints it, e.g. `orders:migrate:staging`. */
  readonly id: string;
  readonly project: string;
  readonly target: string;
  readonly environment: string;
  /** The value of the option `database`; `undefined` for all databases of the environment. */
  readonly database?: GivenNames;
  /** The value of the option `tenant`; `undefined` for all tenants. */
  readonly tenant?: GivenNames;
  /** Ids of the planned tasks that have to succeed before this one starts. */
  readonly after?: readonly string[];
}

/** One command of the workspace tool, which runs many tasks. */
export interface TaskBatch {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

/** The code and the CI run that a report comes from, if known. */
export interface CiOrigin {
  readonly gitCommit?: string;
  /** Identifies the whole CI run, also if it has several jobs: an address, or an id if the CI system gives no address. */
  readonly ciRun?: string;
}

/** Where a report comes from. */
export interface ReportOrigin extends CiOrigin {
  readonly task: ReportedTask;
  /** When the task started, ISO 8601, UTC. */
  readonly startedAt: string;
  /** When the task wrote the report, ISO 8601, UTC. `undefined` as long as it runs. */
  readonly finishedAt?: string;
  /** `undefined` if the task does not know which command started it. */
  readonly batch?: TaskBatch;
}

/** The tasks of a batch. It names the tasks that have no report because they were skipped. */
export interface BatchPlan extends CiOrigin {
  readonly format: 1;
  readonly batch: TaskBatch;
  readonly tasks: readonly ReportedTask[];
}

/**
 * The origin in a report file.
 *
 * @param document parsed JSON
 * @returns `undefined` if it has none: `ff --json` and older versions write none
 */
export function originIn(document: unknown): ReportOrigin | undefined {
  const origin = readProperty(document, 'origin');
  const batch = readProperty(origin, 'batch');
  const finishedAt = readProperty(origin, 'finishedAt');
  const isOrigin =
    isTask(readProperty(origin, 'task')) &&
    isTime(readProperty(origin, 'startedAt')) &&
    (finishedAt === undefined || isTime(finishedAt)) &&
    (batch === undefined || isBatch(batch)) &&
    isCiOrigin(origin);
  return isOrigin ? (origin as ReportOrigin) : undefined;
}

/** A plan as read back from JSON; `undefined` for any other document. */
export function parseBatchPlan(document: unknown): BatchPlan | undefined {
  const tasks = readProperty(document, 'tasks');
  const isPlan =
    readProperty(document, 'format') === 1 &&
    isBatch(readProperty(document, 'batch')) &&
    Array.isArray(tasks) &&
    tasks.every(isTask) &&
    isCiOrigin(document);
  return isPlan ? (document as BatchPlan) : undefined;
}

function isTask(task: unknown): boolean {
  const after = readProperty(task, 'after');
  return (
    ['id', 'project', 'target', 'environment'].every((name) => isText(readProperty(task, name))) &&
    ['database', 'tenant'].every((name) => isOptionalNames(readProperty(task, name))) &&
    (after === undefined || (Array.isArray(after) && after.every(isText)))
  );
}

function isBatch(batch: unknown): boolean {
  return isText(readProperty(batch, 'id')) && isTime(readProperty(batch, 'startedAt'));
}

function isCiOrigin(value: unknown): boolean {
  return (
    isOptionalText(readProperty(value, 'gitCommit')) && isOptionalText(readProperty(value, 'ciRun'))
  );
}

const isText = (value: unknown): value is string => typeof value === 'string';

const isOptionalText = (value: unknown) => value === undefined || isText(value);

const isName = (value: unknown) => isText(value) || typeof value === 'number';

const isOptionalNames = (value: unknown) =>
  value === undefined || (Array.isArray(value) ? value.every(isName) : isName(value));

const isTime = (value: unknown) => isText(value) && Number.isFinite(Date.parse(value));
