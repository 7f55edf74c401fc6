import type { Problem } from '../errors';
import type { DatabaseStamps } from '../history/stamps';
import { renderOption } from '../remedy';
import { listFirst } from '../text/list-first';

/** Where the protection of a database comes from. */
export interface ProtectionFacts {
  /** Whether the configuration marks the environment as protected. */
  readonly configured: boolean;
  readonly stamps: DatabaseStamps;
}

/** What a command that undoes or rewrites is about to do. */
export interface ConfirmationRequest {
  /** The name that confirms. */
  readonly expected: string;
  /** The target, for the message. */
  readonly target: string;
  /** The name that was passed as `confirm`; `undefined` for none. */
  readonly confirm: string | undefined;
  /** The changes, each as a phrase after "this would", e.g. `revert api:2 (two)`. None need no confirmation. */
  readonly would: readonly string[];
  /** More that the person who confirms must know, as whole sentences. */
  readonly warning?: string;
}

/** How many changes a message lists; the rest is a number. */
const LISTED = 20;

/**
 * Why a database is protected: by the configuration or by the stamp of any of its histories. A stamp that cannot be read
 * counts as protected.
 *
 * @returns reasons as phrases; none where the database is not protected
 */
function protectionOf({ configured, stamps }: ProtectionFacts): readonly string[] {
  const protectedStamps = stamps.read.filter(({ stamp }) => stamp.protected);
  const denied = stamps.unread.filter(({ why }) => why === 'denied');
  const empty = stamps.unread.filter(({ why }) => why === 'empty');
  return [
    ...(configured ? ['by the configuration'] : []),
    ...(protectedStamps.length > 0
      ? [`by the stamp in schema ${listFirst(protectedStamps.map(quoted), LISTED)}`]
      : []),
    ...(denied.length > 0
      ? [`because the stamp in schema ${listFirst(denied.map(quoted), LISTED)} cannot be read`]
      : []),
    ...(empty.length > 0
      ? [`because the stamp in schema ${listFirst(empty.map(quoted), LISTED)} was deleted`]
      : []),
  ];
}

/**
 * The one rule of protection, for every command that undoes or rewrites: a protected database needs the environment's name
 * as `confirm`.
 *
 * @returns `CONFIRMATION_REQUIRED`, listing what would be done; `undefined` where the command may go ahead
 */
export function confirmationProblem(
  facts: ProtectionFacts,
  request: ConfirmationRequest,
): Problem | undefined {
  const { expected, target, confirm, would, warning } = request;
  const wrong = wrongConfirmation(expected, confirm);
  if (wrong !== undefined) return { ...wrong, message: `${wrong.message}${consequence(would)}` };
  const reasons = protectionOf(facts);
  if (would.length === 0 || reasons.length === 0 || confirm !== undefined) return undefined;
  const more = warning === undefined ? '' : ` ${warning}`;
  return {
    code: 'CONFIRMATION_REQUIRED',
    message: `The database of ${target} is protected as ${expected} (${reasons.join('; ')}).${consequence(would)}${more}`,
    hint: `Check what is listed, then confirm with ${renderOption('confirm', expected)}.`,
  };
}

/**
 * A confirmation that names something else is a mistake, also where none is needed.
 *
 * @returns `CONFIRMATION_REQUIRED` stating what was expected
 */
export function wrongConfirmation(
  expected: string,
  confirm: string | undefined,
): Problem | undefined {
  if (confirm === undefined || confirm === expected) return undefined;
  return {
    code: 'CONFIRMATION_REQUIRED',
    message: `The confirmation names ${JSON.stringify(confirm)}, but this command works on ${JSON.stringify(expected)}. Nothing was changed.`,
    hint: `Check the environment, then confirm with ${renderOption('confirm', expected)}.`,
  };
}

function consequence(would: readonly string[]): string {
  return would.length === 0 ? '' : ` This would ${listFirst(would, LISTED)}.`;
}

function quoted({ schema }: { readonly schema: string }): string {
  return JSON.stringify(schema);
}
