import { redactUpTo } from './redact';

/**
 * What a reader's eye can be deceived with, as a part of a character class: line separators, characters that change the direction
 * of text, invisible ones, and tags.
 */
export const DECEPTIVE = String.raw`\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}`;

/** The same, and what a terminal or a log viewer acts on: control characters (C0, DEL, C1) and halves of surrogate pairs. */
const ACTIVE = new RegExp(String.raw`[\p{Cc}\p{Cs}${DECEPTIVE}]`, 'gu');
/** The same, and the colors of {@link Style}. */
const COLOR = /\u001b\[(?:0|1|2|22|3[0-79]|9[0-7])m/.source;
const ACTIVE_OR_COLOR = new RegExp(`${COLOR}|${ACTIVE.source}`, 'gu');

/** Most texts: nothing in them has to be changed. Letters of Latin, Greek and Cyrillic, but no control characters. */
const HARMLESS = /^[ -~\u00a1-\u00ac\u00ae-\u0600]*$/;

/** Characters of a foreign text that are shown. */
export const LONGEST_TEXT = 10_000;

/**
 * Foreign text for people, in lines: redacted, cut, and unable to act as a command of a terminal or of a CI. Control
 * characters become escapes such as `\x1b`. Where a CI would see a command, a backslash stands in it: `\::error`, `#\#vso[`. Tabs and
 * line ends stay.
 *
 * @param limit characters of the result; the number of characters that are left out is appended
 */
export function foreignText(text: string, limit: number = LONGEST_TEXT): string {
  let kept = limit;
  let head = redactUpTo(text, kept);
  let shown = inertText(head.text);
  // Escapes are longer than what they stand for. The limit is about the result, which may become a part of another text.
  while (shown.length > limit && kept > 1) {
    kept = Math.floor((Math.min(kept, text.length) * limit) / shown.length);
    head = redactUpTo(text, kept);
    shown = inertText(head.text);
  }
  return head.omitted === 0 ? shown : `${shown}… (${head.omitted} more characters)`;
}

/** As {@link foreignText}, in one line: line ends become `\n`. */
export function foreignLine(text: string, limit: number = LONGEST_TEXT): string {
  return foreignText(text, limit).replaceAll('\n', '\\n');
}

/**
 * Whether {@link foreignLine} changes nothing but a secret. Fast: most strings of a long result are only looked at. A string of
 * one line is redacted together with the text that it becomes a part of.
 */
export function isHarmless(text: string): boolean {
  return (
    text.length <= LONGEST_TEXT &&
    HARMLESS.test(text) &&
    !text.includes('::') &&
    !text.includes('##')
  );
}

/** Text in lines that can neither act as a command of a terminal nor of a CI. Applied twice, it changes nothing more. */
export function inertText(text: string): string {
  return withoutCommands(text.replaceAll('\r\n', '\n').replace(ACTIVE, escaped));
}

/** As {@link inertText}, for a text that was colored by a `Style`: colors stay. */
export function inertColoredText(text: string): string {
  return withoutCommands(
    text
      .replaceAll('\r\n', '\n')
      .replace(ACTIVE_OR_COLOR, (found) => (found.length > 2 ? found : escaped(found))),
  );
}

/**
 * GitHub reads `::name` as a command at the start of a line, after any white space, and `##[name]` anywhere in it; Azure
 * Pipelines reads `##vso[` and TeamCity `##teamcity[` anywhere. The commands of GitLab, Travis and Buildkite need control characters.
 */
const LINE_COMMAND = new RegExp(`^((?:[^\\S\\n]|${COLOR})*)::`, 'gm');
const BLOCK_COMMAND = /##(?=[a-z]{0,20}\[)/gi;

function withoutCommands(text: string): string {
  return text.replace(LINE_COMMAND, '$1\\::').replace(BLOCK_COMMAND, '#\\#');
}

function escaped(character: string): string {
  if (character === '\n' || character === '\t') return character;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x1_0000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}
