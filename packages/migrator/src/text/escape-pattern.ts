/** Text as a part of a regular expression that stands for itself, also with the flag `u`, which allows no other escapes. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
