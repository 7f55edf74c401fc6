import {
  targetOf,
  visitInOrder,
  type Ending,
  type KeepGoing,
  type MigrationAgent,
  type RefusedTarget,
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

/** What came out of a command, which may have gone through several targets and failed at one of them. */
export interface Outcome {
  readonly parts: readonly Part[];
  /** Text for all parts together, in place of the parts' own. */
  readonly text?: string;
  /** The targets on which the command was refused. */
  readonly refused?: readonly RefusedTarget[];
  /** The targets that were left alone because the command was refused or failed on another one. */
  readonly notReached?: readonly MigrationAgent[];
  /** What was thrown before any target was known, if anything was. */
  readonly error: unknown;
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
  const refused = visits.flatMap((visit) =>
    visit.kind === 'refused' ? { agent: visit.target, error: visit.error } : [],
  );
  const notReached = visits.flatMap((visit) => (visit.kind === 'not-reached' ? visit.target : []));
  const exitCode = withoutPromise(parts, worstOf(parts, refused));
  return { parts, refused, notReached, error: undefined, exitCode };
}

function endingOf({ ending, exitCode }: Part): Ending {
  return ending ?? (exitCode === EXIT.done ? 'done' : 'failed');
}

/** The outcome of a command that was checked on several targets and refused on some of them: nothing was changed on any. */
export function refusedOutcome(
  agents: readonly MigrationAgent[],
  refused: readonly RefusedTarget[],
): Outcome {
  const refusing = new Set(refused.map(({ agent }) => agent));
  return {
    parts: [],
    refused,
    notReached: agents.filter((agent) => !refusing.has(agent)),
    error: undefined,
    exitCode: worstOf([], refused),
  };
}

/** The outcome of a command that has nothing to do with several databases. */
export function singleOutcome(part: Part): Outcome {
  return { parts: [part], error: undefined, exitCode: part.exitCode };
}

/**
 * The one JSON document of an outcome: the result itself, or a list where there are several targets, reached or not. A target
 * that was refused is named beside its error.
 *
 * @param presentable makes what was thrown fit for JSON
 */
export function documentOf(
  outcome: Outcome,
  presentable: (error: unknown) => unknown = (error) => error,
): unknown {
  const documents: unknown[] = outcome.parts.map((part) => part.document);
  for (const { agent, error } of outcome.refused ?? []) {
    documents.push({ ...targetOf(agent.settings), error: presentable(error) });
  }
  if (outcome.error !== undefined) documents.push({ error: presentable(outcome.error) });
  for (const { settings } of outcome.notReached ?? []) {
    documents.push({ ...targetOf(settings), status: 'not-reached' });
  }
  return documents.length === 1 ? documents[0] : documents;
}

/** "Nothing was touched" is not true of a command that has changed another target. */
function withoutPromise(parts: readonly Part[], exitCode: ExitCode): ExitCode {
  const promisesNothingTouched = exitCode === EXIT.refused || exitCode === EXIT.lockHeld;
  const changed = parts.some((part) => part.effect === 'changed');
  return promisesNothingTouched && changed ? EXIT.failed : exitCode;
}

function worstOf(parts: readonly Part[], refused: readonly RefusedTarget[]): ExitCode {
  const codes = [
    ...refused.map(({ error }) => exitCodeOfError(error)),
    ...parts.map(({ exitCode }) => exitCode),
  ];
  if (codes.includes(EXIT.outcomeUnknown)) return EXIT.outcomeUnknown;
  return codes.find((code) => code !== EXIT.done) ?? EXIT.done;
}
