import { targetPath, type TargetPlace } from '../target';
import { foreignValue } from '../text/foreign-value';
import { redact } from '../text/redact';
import { formatSkipped } from './format-skipped';
import { groupByReason } from './group-by-reason';
import { plainStyle, type Style } from './style';

/** A target on which a command was refused or failed with an error. */
export interface TargetError {
  readonly target: TargetPlace;
  readonly error: unknown;
}

/** The text of one error, and the first of the targets that it is about. */
export interface TargetErrorText<T extends TargetError> {
  readonly first: T;
  readonly text: string;
}

/** How errors of targets are shown. */
export interface TargetErrorOptions {
  readonly style?: Style;
  /** `verbose` names all targets of an error. Default `short`. */
  readonly detail?: 'short' | 'verbose';
}

/** More targets than this are not listed above an error, unless the user wants everything. */
const MOST_TARGETS = 12;

/** What differs between the commands that two targets need. */
const ADDRESS = / --(?:database|tenant)=(?:'[^']*'|[^\s`']+)+/g;

/**
 * The errors of targets, each reason once, below the names of the targets that it is about. Errors whose texts differ only in the
 * name of their target are one reason. Without a name where the project has only one target in the environment.
 *
 * @param formatOne formats one error for people
 */
export function formatTargetErrors<T extends TargetError>(
  errors: readonly T[],
  formatOne: (error: unknown) => string,
  { style = plainStyle, detail = 'short' }: TargetErrorOptions = {},
): TargetErrorText<T>[] {
  const byError = new Map<unknown, T[]>();
  for (const each of errors) byError.set(each.error, [...(byError.get(each.error) ?? []), each]);
  const texts = new Map([...byError.keys()].map((error) => [error, formatOne(error)]));
  const groups = groupByReason([...byError], ([error, [first]]) => ({
    name: first === undefined ? '' : targetPath(first.target),
    reason: (texts.get(error) ?? '').replace(ADDRESS, ''),
  }));
  return groups.flatMap(({ first: [error, [first]], all }) => {
    if (first === undefined) return [];
    const targets = all.flatMap(([, each]) => each.map(({ target }) => target));
    const head = headOf(targets.filter(isNarrowed), detail);
    const text = texts.get(error) ?? '';
    return { first, text: head === undefined ? text : `${style.strong(head)}\n${text}` };
  });
}

function headOf(targets: readonly TargetPlace[], detail: 'short' | 'verbose'): string | undefined {
  const [first] = targets;
  if (first === undefined) return undefined;
  const shown = detail === 'verbose' ? targets : targets.slice(0, MOST_TARGETS);
  const rest = targets.length - shown.length;
  const more = rest === 0 ? '' : `, and ${rest} more`;
  return redact(foreignValue(`${first.project} · ${shown.map(targetPath).join(', ')}${more}`));
}

/** One line about the targets that were skipped; `undefined` if there are none. Each has the name that tells it from the others. */
export function formatSkippedTargets(
  targets: readonly TargetPlace[],
  style: Style = plainStyle,
): string | undefined {
  const noun = targets.some(({ tenant }) => tenant !== undefined) ? 'tenant' : 'database';
  return formatSkipped(noun, foreignValue(targets).map(nameOf), { style });
}

function isNarrowed({ databaseName, tenant }: TargetPlace): boolean {
  return databaseName !== undefined || tenant !== undefined;
}

function nameOf(target: TargetPlace): string {
  const { environment, databaseName, tenant, project } = target;
  if (!isNarrowed(target)) return environment ?? project;
  return [databaseName, tenant].filter((part) => part !== undefined).join('/');
}
