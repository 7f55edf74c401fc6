import type { MigrationId } from '../migration/types';
import { classOf, type MessageClass, type MessageSeverity } from '../migration/server-messages';
import type { ServerMessage, ServerMessages } from '../migration/server-messages';
import type { TenantOutcome } from '../run/result';
import { shortList } from './format-rename';
import type { Style } from './style';
import { count, firstLine, indent } from './wording';

/** How much is told. */
export type MessageDetail = 'short' | 'verbose';

/** Messages of a class that are shown of one migration, unless all that are kept are wanted. */
const MOST_SHOWN = 20;
/** Different messages that are shown of all tenants together. */
const MOST_GROUPS = 20;
/** Longer first lines are cut where many messages stand together. In characters. */
const LONGEST_LINE = 300;

const NOUNS: Readonly<Record<MessageSeverity, string>> = {
  WARNING: 'warning',
  NOTICE: 'notice',
  INFO: 'info message',
  LOG: 'log message',
  DEBUG: 'debug message',
};

/**
 * One message of the server, with its detail and hint. `short` shows warnings, notices and infos, of each class the first twenty;
 * `verbose` shows all that are kept, with the functions that sent them.
 *
 * @returns `undefined` for a message that is not shown
 */
export function formatMessage(
  {
    id,
    message,
    nth,
  }: { readonly id: MigrationId; readonly message: ServerMessage; readonly nth: number },
  detail: MessageDetail,
): string | undefined {
  const { severity, sqlState, detail: more, hint, where } = message;
  if (detail === 'short' && nth > mostShown(classOf(severity))) return undefined;
  const state = sqlState === '00000' || sqlState === '01000' ? '' : ` (SQLSTATE ${sqlState})`;
  const lines = [
    ...(more === undefined ? [] : [`detail: ${more}`]),
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
    ...(where === undefined || detail === 'short' ? [] : [`where: ${where}`]),
  ];
  return [
    `${id} ${severity}: ${message.message}${state}`,
    ...lines.map((line) => indent(line)),
  ].join('\n');
}

/** How many messages of a migration {@link formatMessage} has not shown; `undefined` if it has shown all that count. */
export function formatHiddenMessages(
  { id, messages }: { readonly id: MigrationId; readonly messages: ServerMessages },
  detail: MessageDetail,
): string | undefined {
  const shown = { warning: 0, notice: 0, debug: 0 };
  const hidden = new Map<MessageSeverity, number>();
  for (const [severity, amount] of entriesOf(messages)) hidden.set(severity, amount);
  for (const { severity } of messages.kept) {
    const group = classOf(severity);
    shown[group] += 1;
    if (detail === 'short' && shown[group] > mostShown(group)) continue;
    hidden.set(severity, (hidden.get(severity) ?? 0) - 1);
  }
  // Nobody misses log and debug messages that were not asked for.
  const missed = [...hidden].filter(
    ([severity, amount]) => amount > 0 && (detail === 'verbose' || classOf(severity) !== 'debug'),
  );
  if (missed.length === 0) return undefined;
  return `${id} and ${missed.map(([severity, amount]) => more(severity, amount)).join(', ')}`;
}

function more(severity: MessageSeverity, amount: number): string {
  return `${amount} more ${amount === 1 ? NOUNS[severity] : `${NOUNS[severity]}s`}`;
}

/** How many messages the server sent: `2 warnings, 1 notice`; empty for none. */
export function countMessages(messages: ServerMessages | undefined): string {
  if (messages === undefined) return '';
  return entriesOf(messages)
    .map(([severity, amount]) => count(amount, NOUNS[severity]))
    .join(', ');
}

/** The most serious first. */
function entriesOf({ counts }: ServerMessages): [MessageSeverity, number][] {
  const order = Object.keys(NOUNS) as MessageSeverity[];
  return order.flatMap((severity) => {
    const amount = counts[severity];
    return amount === undefined ? [] : [[severity, amount] as [MessageSeverity, number]];
  });
}

/**
 * The warnings and notices of all tenants, each once with the tenants that it came from; warnings first. `undefined` if there were
 * none.
 */
export function formatTenantMessages(
  tenants: readonly TenantOutcome[],
  style: Style,
): string | undefined {
  const groups = new Map<string, { readonly line: string; readonly names: Set<string> }>();
  const all: ServerMessages[] = [];
  for (const { tenant, done, failed } of tenants) {
    for (const { id, messages } of failed === undefined ? done : [...done, failed]) {
      if (messages === undefined) continue;
      all.push(messages);
      for (const { severity, message } of messages.kept) {
        if (classOf(severity) === 'debug') continue;
        const line = `${severity} of ${id}: ${firstLineOf(message)}`;
        const group = groups.get(line) ?? { line, names: new Set() };
        groups.set(line, group);
        group.names.add(tenant);
      }
    }
  }
  if (groups.size === 0) return undefined;
  const inOrder = [...groups.values()].sort((a, b) => rank(a.line) - rank(b.line));
  const lines = inOrder.slice(0, MOST_GROUPS).map(({ line, names }) => {
    const text = line.startsWith('WARNING') ? style.warning(line) : line;
    return `${text}\n${indent(shortList([...names], ''))}`;
  });
  const left = groups.size - lines.length;
  return [
    ...lines,
    ...(left > 0 ? [`and ${left} more: --json has the first of each tenant`] : []),
    ...formatUnkept(all, (severity) => classOf(severity) !== 'debug'),
  ].join('\n');
}

/**
 * How many messages of the given severities were counted and not kept, e.g. `and 15 more warnings that were only counted`; no line if
 * there are none.
 */
export function formatUnkept(
  all: readonly ServerMessages[],
  counts: (severity: MessageSeverity) => boolean,
): string[] {
  const unkept = new Map<MessageSeverity, number>();
  const add = (severity: MessageSeverity, amount: number) =>
    unkept.set(severity, (unkept.get(severity) ?? 0) + amount);
  for (const messages of all) {
    for (const [severity, amount] of entriesOf(messages)) add(severity, amount);
    for (const { severity } of messages.kept) add(severity, -1);
  }
  const parts = [...unkept].flatMap(([severity, amount]) =>
    amount > 0 && counts(severity) ? [more(severity, amount)] : [],
  );
  return parts.length === 0 ? [] : [`and ${parts.join(', ')} that were only counted`];
}

function rank(line: string): number {
  return line.startsWith('WARNING') ? 0 : 1;
}

/** The first line of a message, cut to 300 characters. */
export function firstLineOf(message: string): string {
  return firstLine(message, LONGEST_LINE);
}

function mostShown(group: MessageClass): number {
  return group === 'debug' ? 0 : MOST_SHOWN;
}
