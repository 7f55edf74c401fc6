/** A part of a text: from `start` up to and without `end`. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds many strings in a text in one pass: a trie in one map, whose keys combine a state and a character. Adding a string costs its
 * length. A search costs the length of the text times, in the worst case, the length of the longest string that the text begins
 * to spell; the number of strings does not matter.
 */
export class StringFinder {
  private readonly next = new Map<number, number>();
  private readonly ends = new Set<number>();
  private readonly first = new Uint8Array(0x1_0000);
  private states = 1;
  private longestLength = 0;

  /** Length of the longest string. */
  get longest(): number {
    return this.longestLength;
  }

  add(wanted: string): void {
    if (wanted === '') return;
    let state = 0;
    for (let at = 0; at < wanted.length; at += 1) {
      const key = state * 0x1_0000 + wanted.charCodeAt(at);
      let following = this.next.get(key);
      if (following === undefined) {
        following = this.states++;
        this.next.set(key, following);
      }
      state = following;
    }
    this.ends.add(state);
    this.first[wanted.charCodeAt(0)] = 1;
    this.longestLength = Math.max(this.longestLength, wanted.length);
  }

  /** Every place where one of the strings stands, in order; of those that start at one place the longest. Places may overlap. */
  find(text: string): TextRange[] {
    const found: TextRange[] = [];
    if (this.states === 1) return found;
    for (let start = 0; start < text.length; start += 1) {
      if (this.first[text.charCodeAt(start)] === 0) continue;
      const end = this.longestFrom(text, start);
      if (end !== undefined) found.push({ start, end });
    }
    return found;
  }

  private longestFrom(text: string, start: number): number | undefined {
    let state = 0;
    let end: number | undefined;
    for (let at = start; at < text.length; at += 1) {
      const following = this.next.get(state * 0x1_0000 + text.charCodeAt(at));
      if (following === undefined) return end;
      state = following;
      if (this.ends.has(state)) end = at + 1;
    }
    return end;
  }
}
