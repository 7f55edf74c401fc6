/** A message that a server sends beside its results, as `pg` gives it. */
export interface ServerNotice {
  /** In the language of the server's messages: `WARNING`, `WARNUNG`, … */
  readonly severity?: string | undefined;
  /** SQLSTATE. */
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** The functions that were running. */
  readonly where?: string | undefined;
  /** The server's function that sent the message: unlike the text it is never translated. */
  readonly routine?: string | undefined;
}

/** Receives the messages of one query. Runs for each of them, and there may be millions. */
export type NoticeListener = (notice: ServerNotice) => void;

/** Something that emits `notice` events, as a `pg` client does. */
interface NoticeSource {
  on(event: 'notice', listener: NoticeListener): unknown;
  off(event: 'notice', listener: NoticeListener): unknown;
}

/**
 * Listens to the messages of a client or of an application's service.
 *
 * @returns ends listening; `undefined` if the object has no events: then its messages are not known
 */
export function listenToNotices(
  source: object,
  listener: NoticeListener,
): (() => void) | undefined {
  const { on, off } = source as Partial<NoticeSource>;
  if (typeof on !== 'function' || typeof off !== 'function') return undefined;
  on.call(source, 'notice', listener);
  return () => void off.call(source, 'notice', listener);
}
