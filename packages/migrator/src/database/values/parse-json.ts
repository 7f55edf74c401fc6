import { keepJsonText, looksStored } from '../../migration/stored-json';
import { markInexact, type Inexact } from '../../migration/inexact-values';
import { JSONB, typeName } from './pg-types';

/** A value, and why it is not exactly what the text says. */
export interface Parsed {
  readonly value: unknown;
  readonly why?: Inexact;
}

/** How a JSON value gets back: as text, which is not parsed. */
const HINT =
  "Select it as text (doc::text), return that, and write it in down with db.query('UPDATE … SET doc = $1', [text]).";

/** Parses a value of `json` or `jsonb`, and keeps its text where JSON.stringify would write another one. */
export function parseJson(oid: number, text: string): Parsed {
  const value: unknown = JSON.parse(text);
  const digits = hasInexactNumber(text);
  if (typeof value === 'object' && value !== null) {
    keepDocument(oid, value, text, digits ? 'digits' : 'layout');
    return { value };
  }
  if (value === null) {
    return { value, why: inexact(oid, 'JSON null, which JavaScript cannot tell from SQL NULL') };
  }
  if (digits) return { value, why: inexact(oid, 'a number that JavaScript cannot hold exactly') };
  if (JSON.stringify(value) === text) return { value };
  return { value, why: inexact(oid, 'written in another way than JSON.stringify writes it') };
}

function keepDocument(
  oid: number,
  document: object,
  text: string,
  loses: 'digits' | 'layout',
): void {
  // jsonb has one layout only; its keys are sorted again when it is stored.
  const plain = oid === JSONB && loses === 'layout';
  if (plain && !text.includes('"__proto__"') && !looksStored(document)) return;
  keepJsonText(document, { text, loses });
  if (loses === 'digits') markParts(oid, document);
}

/** A part of such a document has no text of its own. */
function markParts(oid: number, document: object): void {
  for (const part of Object.values(document) as unknown[]) {
    if (typeof part !== 'object' || part === null) continue;
    markParts(oid, part);
    if (/[\d]/.test(JSON.stringify(part))) {
      markInexact(part, inexact(oid, 'part of a document with numbers that lost digits'));
    }
  }
}

/** Whether a number in the text is not the one that JavaScript prints for it, e.g. `1.10`, `1e400` or 20 digits. */
function hasInexactNumber(text: string): boolean {
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/gs, '""');
  const numbers = bare.match(/-?\d[\d.eE+-]*/g) ?? [];
  return numbers.some((number) => String(Number(number)) !== number);
}

function inexact(oid: number, reason: string): Inexact {
  return { type: typeName(oid), reason, hint: HINT };
}
