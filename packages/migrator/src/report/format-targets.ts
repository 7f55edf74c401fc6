import { targetPath, type TargetPlace } from '../target';
import { foreignValue } from '../text/foreign-value';
import { redact } from '../text/redact';
import { formatSkipped } from './format-skipped';
import { plainStyle, type Style } from './style';

/** A target on which a command was refused or failed with an error. */
export interface TargetError {
  readonly target: TargetPlace;
  readonly error: unknown;
}

/**
 * The errors of targets, each once: an error that several targets share is shown below the names of all of them. Without a name
 * where the project has only one target in the environment.
 *
 * @param formatOne formats one error for people
 */
export function formatTargetErrors(
  errors: readonly TargetError[],
  formatOne: (error: unknown) => string,
  style: Style = plainStyle,
): string[] {
  const byError = new Map<unknown, TargetPlace[]>();
  for (const { target, error } of errors) {
    byError.set(error, [...(byError.get(error) ?? []), target]);
  }
  return [...byError].map(([error, targets]) => {
    const text = formatOne(error);
    const named = targets.filter(isNarrowed);
    const [first] = named;
    if (first === undefined) return text;
    const head = foreignValue(`${first.project} · ${named.map(targetPath).join(', ')}`);
    return `${style.strong(redact(head))}\n${text}`;
  });
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
