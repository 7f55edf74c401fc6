import {
  refusedVisits,
  targetOf,
  visitInOrder,
  type Ending,
  type KeepGoing,
  type MigrationAgent,
  type RefusedTarget,
  type Target,
  type Visit,
} from '@flashfusion/migrator';
import { EXIT, exitCodeOfError, type ExitCode } from './exit-code';

/** What came out of one command on one target. */
export interface Part {
  /** The engine's result, for `--json`. */
  readonly document: object;
  /** The same for a person. */
  readonly text: string;
  readonly exitCode: ExitCode;
  /** Whether the database was changed: what comes after it can no longer say "nothing touched". */
  readonly effect: 'changed' | 'unchanged';
  /** Whether it was refused or failed. Default: by the exit code, `done` or `failed`. */
  readonly ending?: Ending;
}

/** What came of one target. */
export type TargetVisit = Visit<MigrationAgent, Part>;

/** What came out of a command, which may have gone through several targets and failed at one of them. */
export interface Outcome {
  readonly parts: readonly Part[];
  /** Text for all parts together, in place of the parts' own. */
  readonly text?: string;
  /** What came of each target, in the order of the targets; absent if the command was not about targets. */
  readonly visits?: readonly TargetVisit[];
  /** What was thrown before any target was known, if anything was. */
  readonly error: unknown;
  /** The target of a command that threw before any target was known, as far as the command line says. */
  readonly presumed?: Target;
  readonly exitCode: ExitCode;
}

/**
 * Runs a command on each target in turn. Never rejects: what was done on the targets before a failure is part of the outcome.
 *
 * @param keepGoing which targets come after one that did not end well. Default: none
 */
export async function onEachTarget(
  agents: readonly MigrationAgent[],
  command: (agent: MigrationAgent) => Promise<Part>,
  keepGoing: KeepGoing = 'until-failure',
): Promise<Outcome> {
  const visits = await visitInOrder(agents, { visit: command, endingOf, keepGoing });
  const parts = visits.flatMap((visit) => (visit.kind === 'result' ? visit.result : []));
  const exitCode = withoutPromise(parts, worstOf(visits));
  return { parts, visits, error: undefined, exitCode };
}

function endingOf({ ending, exitCode }: Part): Ending {
  return ending ?? (exitCode === EXIT.done ? 'done' : 'failed');
}

/** The outcome of a command that was checked on several targets and refused on some of them: nothing was changed on any. */
export function refusedOutcome(
  agents: readonly MigrationAgent[],
  refused: readonly RefusedTarget[],
): Outcome {
  const visits = refusedVisits(agents, refused);
  return { parts: [], visits, error: undefined, exitCode: worstOf(visits) };
}

/** The outcome of a command that has nothing to do with several databases. */
export function singleOutcome(part: Part): Outcome {
  return { parts: [part], error: undefined, exitCode: part.exitCode };
}

/**
 * The one JSON document of an outcome: the result itself, or a list in the order of the targets where there are several, reached
 * or not. A target that was refused is named beside its error.
 *
 * @param presentable makes what was thrown fit for JSON
 */
export function documentOf(
  { parts, visits, error, presumed }: Outcome,
  presentable: (error: unknown) => unknown = (thrown) => thrown,
): unknown {
  const documents: unknown[] =
    visits?.map((visit) => documentOfVisit(visit, presentable)) ??
    parts.map(({ document }) => document);
  if (error !== undefined) documents.push({ ...presumed, error: presentable(error) });
  return documents.length === 1 ? documents[0] : documents;
}

function documentOfVisit(visit: TargetVisit, presentable: (error: unknown) => unknown): unknown {
  switch (visit.kind) {
    case 'result':
      return visit.result.document;
    case 'refused':
      return { ...targetOf(visit.target.settings), error: presentable(visit.error) };
    case 'not-reached':
      return { ...targetOf(visit.target.settings), status: 'not-reached' };
  }
}

/** "Nothing was touched" is not true of a command that has changed another target. */
function withoutPromise(parts: readonly Part[], exitCode: ExitCode): ExitCode {
  const promisesNothingTouched = exitCode === EXIT.refused || exitCode === EXIT.lockHeld;
  const changed = parts.some((part) => part.effect === 'changed');
  return promisesNothingTouched && changed ? EXIT.failed : exitCode;
}

/** Refusals count before results. */
function worstOf(visits: readonly TargetVisit[]): ExitCode {
  const codes = [
    ...visits.flatMap((visit) => (visit.kind === 'refused' ? exitCodeOfError(visit.error) : [])),
    ...visits.flatMap((visit) => (visit.kind === 'result' ? visit.result.exitCode : [])),
  ];
  if (codes.includes(EXIT.outcomeUnknown)) return EXIT.outcomeUnknown;
  return codes.find((code) => code !== EXIT.done) ?? EXIT.done;
}
