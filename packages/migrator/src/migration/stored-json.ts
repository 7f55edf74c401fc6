/**
 * Documents that JSON.parse cannot give back exactly: numbers like 1.10 or 12345678901234567890, and in a `json` column
 * white space, order and repeated keys. A migration gets the parsed document. Its text is kept beside it, goes into the
 * rollback data as `{"$json": "<text>"}`, and is beside the document again that `down` gets.
 */
const MARKER = '$json';

interface KeptJson {
  readonly text: string;
  /** `digits`: numbers in it lost digits, so that a changed copy is wrong. `layout`: only the text differs. */
  readonly loses: 'digits' | 'layout';
}

const documents = new WeakMap<object, KeptJson>();

export function keepJsonText(document: object, kept: KeptJson): void {
  documents.set(document, kept);
}

/** The exact text of a document that was read from Postgres and not changed since. */
export function jsonTextOf(document: object): string | undefined {
  const kept = documents.get(document);
  if (kept === undefined) return undefined;
  const unchanged = JSON.stringify(document) === JSON.stringify(JSON.parse(kept.text));
  return unchanged ? kept.text : undefined;
}

/** Whether digits of the document's numbers are lost unless its text is used. */
export function losesDigits(document: object): boolean {
  return documents.get(document)?.loses === 'digits';
}

/** What stands in the rollback data for a document with the given text. */
export function storedJson(text: string): Record<string, string> {
  return { [MARKER]: text };
}

/** Whether a plain object would be mistaken for {@link storedJson}. */
export function looksStored(value: object): boolean {
  const keys = Object.keys(value);
  return keys.length === 1 && keys[0] === MARKER;
}

/** Rollback data as `down` gets it: a copy in which stored documents are parsed, with their texts kept beside them. */
export function reviveRollbackData(data: unknown): unknown {
  if (typeof data !== 'object' || data === null) return data;
  if (Array.isArray(data)) return data.map(reviveRollbackData);
  if (looksStored(data)) return reviveJson((data as Record<string, unknown>)[MARKER], data);
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, reviveRollbackData(value)]),
  );
}

/** Data that an older version stored may only look like a document: it stays. */
function reviveJson(text: unknown, data: object): unknown {
  if (typeof text !== 'string') return data;
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === 'object' && document !== null) {
      keepJsonText(document, { text, loses: 'layout' });
    }
    return document;
  } catch {
    return data;
  }
}
