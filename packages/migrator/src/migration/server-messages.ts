/** How serious a message of the server is. An error is not a message: it fails the migration. */
export type MessageSeverity = 'WARNING' | 'NOTICE' | 'INFO' | 'LOG' | 'DEBUG';

/** A message that the server sent while a migration ran. Bounded in size; secrets are masked. */
export interface ServerMessage {
  readonly severity: MessageSeverity;
  /** `00000` for most notices, `01000` for most warnings. */
  readonly sqlState: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** The functions that were running, innermost first. */
  readonly where?: string;
}

/** The messages that the server sent while one migration ran, all of its attempts together. */
export interface ServerMessages {
  /** How many there were of each severity, also of those that are not in `kept`. */
  readonly counts: Readonly<Partial<Record<MessageSeverity, number>>>;
  /** The first ones of each class, in the order in which they came. */
  readonly kept: readonly ServerMessage[];
  /** How many more there were. */
  readonly omitted: number;
}

/** Messages compete for room only with those of their class: no amount of notices hides a warning. */
export type MessageClass = 'warning' | 'notice' | 'debug';

/** Which messages a message competes with. */
export function classOf(severity: MessageSeverity): MessageClass {
  if (severity === 'WARNING') return 'warning';
  return severity === 'LOG' || severity === 'DEBUG' ? 'debug' : 'notice';
}

/** The same messages with fewer of them kept. */
export function trimMessages(messages: ServerMessages, most: number): ServerMessages {
  const rooms: Record<MessageClass, number> = { warning: 0, notice: 0, debug: 0 };
  const kept = messages.kept.filter(({ severity }) => (rooms[classOf(severity)] += 1) <= most);
  return { ...messages, kept, omitted: messages.omitted + messages.kept.length - kept.length };
}

/** Messages as read back from JSON; `undefined` if they are none. */
export function parseMessages(value: unknown): ServerMessages | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { counts, kept, omitted } = value as Record<string, unknown>;
  const sound =
    typeof omitted === 'number' &&
    typeof counts === 'object' &&
    counts !== null &&
    Object.values(counts).every((count) => typeof count === 'number') &&
    Array.isArray(kept) &&
    kept.every(isMessage);
  return sound ? (value as ServerMessages) : undefined;
}

function isMessage(value: unknown): value is ServerMessage {
  if (typeof value !== 'object' || value === null) return false;
  const { severity, sqlState, message } = value as Record<string, unknown>;
  return [severity, sqlState, message].every((field) => typeof field === 'string');
}
