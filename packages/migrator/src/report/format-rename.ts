import type { PendingRename } from '../plan/former-names';
import type { Style } from './style';
import { count, indent } from './wording';

/** The present names. */
export interface PresentNames {
  readonly project: string;
  readonly environment: string;
}

/** What the next run that changes anything carries over because of a rename, a line each; `undefined` for nothing. */
export function formatRename(
  { project, environment }: PresentNames,
  { formerEnvironment, formerNames }: PendingRename,
): string | undefined {
  const lines = [
    ...(formerEnvironment === undefined
      ? []
      : [
          `The database is still stamped '${formerEnvironment}'. The next command that changes anything stamps it '${environment}' and carries its history over.`,
        ]),
    ...formerNames.map(
      ({ from, migrations }) =>
        `${count(migrations, 'migration')} ${migrations === 1 ? 'is' : 'are'} recorded under ${from} and will be carried over to ${project} by the next run that changes anything.`,
    ),
  ];
  return lines.length === 0 ? undefined : lines.join('\n');
}

/** What a run would do before its first step because of a rename; `undefined` for nothing. */
export function formatPlannedRename(
  { project, environment }: PresentNames,
  rename: PendingRename | undefined,
): string | undefined {
  if (rename === undefined) return undefined;
  const { formerEnvironment, formerNames } = rename;
  const lines = [
    ...(formerEnvironment === undefined
      ? []
      : [
          `Would first stamp the database '${environment}' instead of '${formerEnvironment}' and carry its history over.`,
        ]),
    ...formerNames.map(
      ({ from, migrations }) =>
        `Would first carry ${count(migrations, 'migration')} over from ${from} to ${project}.`,
    ),
  ];
  return lines.length === 0 ? undefined : lines.join('\n');
}

/** The same text once for all tenants that it is about, which may be thousands; `undefined` for no text. */
export function formatTenantRenames(
  tenants: readonly { readonly tenant: string; readonly text: string | undefined }[],
  style: Style,
): string | undefined {
  const groups = new Map<string, string[]>();
  for (const { tenant, text } of tenants) {
    if (text !== undefined) groups.set(text, [...(groups.get(text) ?? []), tenant]);
  }
  if (groups.size === 0) return undefined;
  return [...groups]
    .map(([text, names]) => `${style.warning(shortList(names))}\n${indent(text)}`)
    .join('\n\n');
}

/** `3 tenants: a, b, c`, the first five by name. */
export function shortList(names: readonly string[], what = ''): string {
  const more = names.length > 5 ? `, and ${names.length - 5} more` : '';
  return `${count(names.length, 'tenant')}${what}: ${names.slice(0, 5).join(', ')}${more}`;
}
