import type { MigrationAgent } from '@flashfusion/migrator';
import { EXIT, exitCodeOfError, type ExitCode } from './exit-code';

/** What came out of one command on one database. */
export interface Part {
  /** The engine's result, for `--json`. */
  readonly document: object;
  /** The same for a person. */
  readonly text: string;
  readonly exitCode: ExitCode;
  /** Whether the database was changed: what comes after it can no longer say "nothing touched". */
  readonly effect: 'changed' | 'unchanged';
}

/** What came out of a command, which may have gone through several databases and failed at one of them. */
export interface Outcome {
  readonly parts: readonly Part[];
  /** Text for all parts together, in place of the parts' own. */
  readonly text?: string;
  /** The databases that were left alone because an earlier one failed. */
  readonly notReached?: readonly MigrationAgent[];
  /** What was thrown, if anything was. */
  readonly error: unknown;
  readonly exitCode: ExitCode;
}

/**
 * Runs a command on each database of the environment in turn and stops at the first that does not end well. Never rejects:
 * what was done on the databases before a failure is part of the outcome.
 */
export async function onEachDatabase(
  agents: readonly MigrationAgent[],
  command: (agent: MigrationAgent) => Promise<Part>,
  keepGoing: 'until-failure' | 'to-the-end' = 'until-failure',
): Promise<Outcome> {
  const parts: Part[] = [];
  for (const [index, agent] of agents.entries()) {
    const notReached = agents.slice(index + 1);
    try {
      const part = await command(agent);
      parts.push(part);
      if (part.exitCode === EXIT.done || keepGoing === 'to-the-end') continue;
      return { parts, notReached, error: undefined, exitCode: part.exitCode };
    } catch (error) {
      return { parts, notReached, error, exitCode: exitCodeAfter(parts, exitCodeOfError(error)) };
    }
  }
  return { parts, error: undefined, exitCode: worstOf(parts) };
}

/** The outcome of a command that has nothing to do with several databases. */
export function singleOutcome(part: Part): Outcome {
  return { parts: [part], error: undefined, exitCode: part.exitCode };
}

/** The one JSON document of an outcome: the result itself, or a list where there are several databases, reached or not. */
export function documentOf(outcome: Outcome): unknown {
  const documents: unknown[] = outcome.parts.map((part) => part.document);
  if (outcome.error !== undefined) documents.push({ error: outcome.error });
  for (const { settings } of outcome.notReached ?? []) {
    const { project, environment, databaseName } = settings;
    documents.push({ project, environment, databaseName, status: 'not-reached' });
  }
  return documents.length === 1 ? documents[0] : documents;
}

function exitCodeAfter(parts: readonly Part[], exitCode: ExitCode): ExitCode {
  const promisesNothingTouched = exitCode === EXIT.refused || exitCode === EXIT.lockHeld;
  const changed = parts.some((part) => part.effect === 'changed');
  return promisesNothingTouched && changed ? EXIT.failed : exitCode;
}

function worstOf(parts: readonly Part[]): ExitCode {
  return parts.find((part) => part.exitCode !== EXIT.done)?.exitCode ?? EXIT.done;
}
