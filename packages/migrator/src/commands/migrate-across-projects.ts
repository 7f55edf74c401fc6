import type { ServerFacts } from '../database/database';
import { MigratorError } from '../errors';
import type { History } from '../history/history';
import type { Migration } from '../migration/types';
import { pendingRename, withPendingRename, type PendingRename } from '../plan/former-names';
import {
  findNeeded,
  knownOf,
  planAcrossProjects,
  type ProjectFacts,
} from '../plan/plan-across-projects';
import type { KnownMigrations } from '../plan/planned-order';
import type { CurrentId } from '../plan/project-names';
import { refuseWithoutTransaction } from '../plan/single-transaction';
import type { Plan } from '../plan/types';
import { isMigratorError } from '../report/error-shape';
import { checkSql } from '../run/check-sql';
import { explainFailure } from '../run/explain-failure';
import type { MigrationFailure, ResultContext, RunResult } from '../run/result';
import { migrate } from './migrate';
import {
  findFiles,
  findPendingMigrations,
  type MigrateOptions,
  type PlannedRun,
} from './plan-migrate';
import { otherProjectSettings } from './other-projects';
import { lookAtHistory, orThrow, projectDatabase, type CommandContext } from './project-database';
import { rememberedSources } from './project-sources';
import type { ProjectHistory } from './read-project-history';
import { plannedResult } from './run-results';

/** A project that takes part: how it is worked on, and what is known of it. */
interface Participant {
  readonly context: CommandContext;
  readonly result: ResultContext;
  readonly facts: ProjectFacts<Migration>;
  readonly currentId: CurrentId;
  readonly rename: PendingRename;
  readonly server: ServerFacts | undefined;
}

/** Runs in order, the last one of the requested project; none where nothing is pending. */
interface PlannedRuns {
  readonly plans: readonly Plan<Migration>[];
  /** What decided the order: each run is planned again with it. */
  readonly known: KnownMigrations;
  readonly participants: ReadonlyMap<string, Participant>;
  readonly requested: Participant;
}

/**
 * Applies what is pending together with what that needs of other projects. Everything is planned and checked before
 * anything is touched; then each run takes its own project's lock, looks again, and applies what it was planned to.
 */
export async function migrateAcrossProjects(
  given: CommandContext,
  options: MigrateOptions,
): Promise<RunResult> {
  const started = performance.now();
  const context = { ...given, sources: rememberedSources(given.sources) };
  const { plans, known, participants, requested } = await planRuns(context, options.to);
  const last = plans.at(-1);
  if (last === undefined) return migrate(context, { ...options, prerequisites: 'require' });
  if (options.transaction === 'single') {
    // Of all projects at once: by the turn of a later one, an earlier one would have been touched.
    refuseWithoutTransaction({ ...last, steps: plans.flatMap(({ steps }) => steps) });
  }
  await checkSql({
    migrations: plans.flatMap(({ steps }) => steps.map(({ migration }) => migration)),
    action: 'apply',
    server: requested.server,
  });
  if (options.mode === 'dry-run') {
    const results = plans.map((plan, index) => {
      const { result, rename } = participants.get(plan.project) ?? requested;
      const isFirst = plans.findIndex(({ project }) => project === plan.project) === index;
      return plannedResult(result, isFirst ? withPendingRename(plan, rename) : plan, started);
    });
    return withPrerequisites(results, started);
  }
  const results: RunResult[] = [];
  for (const [index, plan] of plans.entries()) {
    const participant = participants.get(plan.project) ?? requested;
    const result = await runOne(participant, plan, { ...options, known }, results);
    results.push(result);
    if (result.status !== 'failed' || plan === last) continue;
    for (const next of plans.slice(index + 1, -1)) {
      results.push(notReached(participants.get(next.project) ?? requested, next, undefined));
    }
    return withPrerequisites([...results, notReached(requested, last, result.failed)], started);
  }
  return withPrerequisites(results, started);
}

/** Looks at everything that is needed, project by project, until no dependency leads further. */
async function planRuns(context: CommandContext, to: string | undefined): Promise<PlannedRuns> {
  const { project, workspaceRoot } = context.settings;
  const requested = await lookAt(context);
  const last = to === undefined ? undefined : requested.currentId(to);
  const participants = new Map([[project, requested]]);
  const tried = new Set<string>();
  for (;;) {
    const others = new Map([...participants].map(([name, { facts }]) => [name, facts]));
    others.delete(project);
    const across = { requested: requested.facts, others, to: last };
    // An unknown target is reported below, together with everything else.
    const needed = findNeeded(across);
    const unknown = needed.ok ? needed.plan.unknown.filter((name) => !tried.has(name)) : [];
    const found =
      unknown.length === 0 && tried.size === 0 ? [] : await context.sources.projects(workspaceRoot);
    if (unknown.length === 0) {
      const names = found.map(({ name }) => name);
      const plans = orThrow(planAcrossProjects(across, names)).filter(
        ({ steps }) => steps.length > 0,
      );
      return { plans, known: knownOf(across), participants, requested };
    }
    for (const name of unknown) {
      tried.add(name);
      const other = found.find((each) => each.name === name);
      if (other === undefined) continue;
      const settings = await otherProjectSettings(context, other);
      participants.set(name, await lookAt({ ...context, settings }));
    }
  }
}

/** Reads a project's files and history, and loads what is pending. Tells nobody that it connects: it only looks. */
async function lookAt(context: CommandContext): Promise<Participant> {
  const { project, environment, outOfOrder } = context.settings;
  const files = await findFiles(context);
  const database = await projectDatabase({ ...context, onEvent: () => undefined });
  const look = (found: ProjectHistory, history: History | undefined) =>
    Promise.resolve({ state: found, server: history?.server });
  const { state, server } = await lookAtHistory(database, 'throw', look);
  const { pending, problems } = await findPendingMigrations(context, files, state);
  const { entries, currentId } = state;
  return {
    currentId,
    rename: pendingRename(state),
    context,
    result: database.result,
    facts: { project, environment, pending, files, entries, outOfOrder, problems },
    server,
  };
}

async function runOne(
  { context, result }: Participant,
  plan: Plan<Migration>,
  options: MigrateOptions & Pick<PlannedRun, 'known'>,
  before: readonly RunResult[],
): Promise<RunResult> {
  const { transaction, known } = options;
  const started = performance.now();
  try {
    return await migrate(context, {
      transaction,
      only: new Set(plan.steps.map(({ migration }) => migration.id)),
      known,
    });
  } catch (error) {
    // A refusal promises that nothing was touched, and an earlier run has touched something.
    const [first] = plan.steps;
    const touched = before.some(({ done }) => done.length > 0);
    if (!touched || first === undefined) throw error;
    const { id, name, file } = first.migration;
    return {
      ...plannedResult(result, plan, started),
      status: 'failed',
      failed: { id, name, durationMs: 0, error: refusalOf(error, file.path), guidance: [CARRY_ON] },
      notReached: plan.steps.slice(1).map(({ migration }) => migration.id),
    };
  }
}

function refusalOf(error: unknown, where: string): MigratorError {
  if (error instanceof MigratorError || !isMigratorError(error))
    return explainFailure(error, where);
  return MigratorError.fromProblems(error.problems);
}

/**
 * What became of a run when one before it failed.
 *
 * @param failed what failed there, for the run that was asked for: whoever reads only that one learns why
 */
function notReached(
  { result }: Participant,
  plan: Plan<Migration>,
  failed: MigrationFailure | undefined,
): RunResult {
  return {
    ...plannedResult(result, plan, performance.now()),
    status: 'failed',
    failed,
    notReached: plan.steps.map(({ migration }) => migration.id),
  };
}

function withPrerequisites(results: readonly RunResult[], started: number): RunResult {
  const last = results.at(-1);
  if (last === undefined) throw new TypeError('There is always a run of the requested project.');
  return {
    ...last,
    prerequisiteRuns: results.slice(0, -1),
    durationMs: performance.now() - started,
  };
}

const CARRY_ON =
  'Mend what is named and run the same command again: it goes on where this one stopped.';
