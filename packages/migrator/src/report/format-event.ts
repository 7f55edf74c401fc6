import type { LockHolder, RunEvent } from '../run/events';
import { formatDuration, formatMoment } from './duration';
import { formatHiddenMessages, formatMessage, type MessageDetail } from './format-messages';
import { redact } from '../text/redact';
import { foreignValue } from '../text/foreign-value';
import { plainStyle } from './style';
import { count, formatHead, hangingIndent } from './wording';

/**
 * An event as a plain line, or as a few for a message of several lines, which are indented; `undefined` for one that a log need not
 * show. Foreign text is redacted, cut and inert.
 *
 * @param options `verbose` adds debug lines of migrations and all messages of the server that are kept
 */
export function formatEvent(
  event: RunEvent,
  { detail = 'short' }: { readonly detail?: MessageDetail } = {},
): string | undefined {
  const line = lineFor(foreignValue(event), detail);
  return line === undefined ? undefined : redact(hangingIndent(line));
}

function lineFor(event: RunEvent, detail: MessageDetail): string | undefined {
  switch (event.type) {
    case 'connecting':
      return `Connecting: ${formatHead(event, plainStyle)}`;
    case 'waiting-for-runner':
      return `${event.project}: waiting for another runner${event.holder === undefined ? '' : `: ${formatHolder(event.holder)}`}`;
    case 'run-started':
      return event.total === 0
        ? undefined
        : `${event.action === 'apply' ? 'Applying' : 'Reverting'} ${count(event.total, 'migration')}`;
    case 'migration-started':
      return `[${event.index + 1}/${event.total}] ${event.action === 'apply' ? 'applying' : 'reverting'} ${event.id} ${event.name}`;
    case 'migration-log':
      return event.level === 'debug' && detail === 'short'
        ? undefined
        : `${event.id} ${event.level}: ${event.message}`;
    case 'migration-message':
      return formatMessage(event, detail);
    case 'migration-messages':
      return formatHiddenMessages(event, detail);
    case 'migration-progress':
      return `${event.id} still running after ${formatDuration(event.elapsedMs)}${event.detail === undefined ? '' : `: ${event.detail}`}`;
    case 'migration-waiting':
      return `${event.id} waits for a lock since ${formatDuration(event.elapsedMs)}, held by ${event.blockedBy.map(formatHolder).join('; ') || 'a session that is not known'}`;
    case 'migration-retrying':
      return `${event.id} ${event.error.code}: trying again in ${formatDuration(event.pauseMs)} (${event.retry} of ${event.retries})`;
    case 'migration-finished':
      return `[${event.index + 1}/${event.total}] ${event.action === 'apply' ? 'applied' : 'reverted'} ${event.id} ${event.name} in ${formatDuration(event.durationMs)}`;
    case 'migration-failed':
      return `failed to ${event.action} ${event.id} ${event.name} after ${formatDuration(event.durationMs)}: ${event.error.code}: ${event.error.message}`;
    case 'tenants-found':
      return `${count(event.total, 'tenant')}, ${event.upToDate} of them up to date`;
    case 'connections-limited':
      return `The server accepts fewer than ${count(event.concurrency, 'connection')} of this command: fewer tenants are worked on at once.`;
    case 'tenant-started':
      return event.role === 'canary' ? `${event.tenant}: first, as the canary` : undefined;
    case 'tenant-event': {
      const line = isOrdinary(event.event, detail) ? undefined : lineFor(event.event, detail);
      return line === undefined
        ? undefined
        : `${event.tenant}: ${shortened(line, event.event, detail)}`;
    }
    case 'tenant-finished':
      return `[${event.finished}/${event.total}] ${event.tenant}: ${event.status} in ${formatDuration(event.durationMs)}`;
    case 'reconnecting':
      return `${event.id}: reconnecting (${event.why})`;
  }
}

/** The result has the whole error once, with all tenants that it stopped. */
function shortened(line: string, { type }: RunEvent, detail: MessageDetail): string {
  if (type !== 'migration-failed' || detail === 'verbose') return line;
  const [first = '', ...rest] = line.split('\n');
  return rest.length > 0 ? `${first} …` : line;
}

/** What a thousand tenants need not say a thousand times: that all goes as it should. */
function isOrdinary({ type }: RunEvent, detail: MessageDetail): boolean {
  return (
    // The result has each message once, with all tenants that it came from.
    (detail === 'short' && (type === 'migration-message' || type === 'migration-messages')) ||
    type === 'connecting' ||
    type === 'run-started' ||
    type === 'migration-started' ||
    type === 'migration-finished'
  );
}

/** A session that is in the way: `flashfusion api, process 4711, user migrator, since …`. */
export function formatHolder(holder: LockHolder): string {
  const parts = [
    holder.applicationName === '' ? undefined : holder.applicationName,
    `process ${holder.pid}`,
    holder.user === undefined ? undefined : `user ${holder.user}`,
    holder.since === undefined ? undefined : `connected since ${formatMoment(holder.since)}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}
