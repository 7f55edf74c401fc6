import type { ServerNotice } from '../database/server-message';
import type { MigrationId } from '../migration/types';
import { foreignText } from '../text/inert';
import type { RunListener } from './events';
import {
  classOf,
  type MessageClass,
  type MessageSeverity,
  type ServerMessage,
  type ServerMessages,
} from '../migration/server-messages';

/** Messages of a class that are kept for one migration. */
const MOST_MESSAGES = 100;
/** Characters of all messages of a class that are kept for one migration. */
const MOST_TEXT = 16_384;
/** Longer texts are cut. In characters. */
const LONGEST_TEXT = 2_000;

interface Room {
  count: number;
  text: number;
}

/**
 * Collects the messages that the server sends while a migration runs. Counts all of them, and keeps and reports a bounded amount.
 */
export class MessageLog {
  private readonly counts = new Map<MessageSeverity, number>();
  private readonly kept: ServerMessage[] = [];
  private readonly rooms: Readonly<Record<MessageClass, Room>> = {
    warning: { count: 0, text: 0 },
    notice: { count: 0, text: 0 },
    debug: { count: 0, text: 0 },
  };

  constructor(private readonly id: MigrationId) {}

  /** Counts a message; keeps and reports it if there is room. Cheap where there is none. */
  add(notice: ServerNotice, onEvent: RunListener): void {
    const severity = severityOf(notice);
    this.counts.set(severity, (this.counts.get(severity) ?? 0) + 1);
    const room = this.rooms[classOf(severity)];
    if (room.count >= MOST_MESSAGES || room.text >= MOST_TEXT) return;
    const message = toMessage(severity, notice);
    room.count += 1;
    room.text += lengthOf(message);
    this.kept.push(message);
    onEvent({ type: 'migration-message', id: this.id, message, nth: room.count });
  }

  /** All up to now; `undefined` if there was none. */
  summary(): ServerMessages | undefined {
    if (this.counts.size === 0) return undefined;
    const total = [...this.counts.values()].reduce((sum, count) => sum + count, 0);
    return {
      counts: Object.fromEntries(this.counts),
      kept: [...this.kept],
      omitted: total - this.kept.length,
    };
  }
}

/** `pg` passes the severity only as the server translates it. The warnings of the languages that Postgres speaks. */
const WARNINGS = new Set([
  ...['WARNING', 'WARNUNG', 'ATTENTION', 'ATTENZIONE', 'AVISO', 'VARNING', 'UYARI', 'OSTRZEŻENIE'],
  ...['ПРЕДУПРЕЖДЕНИЕ', 'ПОПЕРЕДЖЕННЯ', '警告', '경고', 'ADVARSEL', 'VAROVÁNÍ', 'გაფრთხილება'],
]);

function severityOf({ severity = '', code = '' }: ServerNotice): MessageSeverity {
  if (severity === 'NOTICE' || severity === 'INFO' || severity === 'LOG') return severity;
  // Class 01 of the SQLSTATEs: warnings.
  if (WARNINGS.has(severity) || code.startsWith('01')) return 'WARNING';
  return severity.startsWith('DEBUG') ? 'DEBUG' : 'NOTICE';
}

function toMessage(severity: MessageSeverity, notice: ServerNotice): ServerMessage {
  const { code = '00000', message = '', detail, hint, where } = notice;
  return {
    severity,
    sqlState: code,
    message: foreignText(message, LONGEST_TEXT),
    ...(detail === undefined ? {} : { detail: foreignText(detail, LONGEST_TEXT) }),
    ...(hint === undefined ? {} : { hint: foreignText(hint, LONGEST_TEXT) }),
    ...(where === undefined ? {} : { where: foreignText(where, LONGEST_TEXT) }),
  };
}

function lengthOf({ message, detail = '', hint = '', where = '' }: ServerMessage): number {
  return message.length + detail.length + hint.length + where.length;
}
