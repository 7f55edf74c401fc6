/** An array as it is written by Postgres: elements are texts, `null` for NULL, or arrays. */
export type TextArray = readonly (string | null | TextArray)[];

/** Lower bounds other than 1, e.g. `[0:1]={a,b}`, which a JavaScript array cannot hold. */
export function hasBounds(text: string): boolean {
  return text.startsWith('[');
}

/**
 * Splits the text of an array into its elements.
 *
 * @returns `undefined` if the text is no array
 */
export function parseArray(text: string): TextArray | undefined {
  const start = hasBounds(text) ? text.indexOf('=') + 1 : 0;
  if (text[start] !== '{') return undefined;
  return new Reader(text, start).array();
}

class Reader {
  constructor(
    private readonly text: string,
    private at: number,
  ) {}

  array(): TextArray {
    const items: (string | null | TextArray)[] = [];
    this.at += 1;
    while (this.at < this.text.length && this.text[this.at] !== '}') {
      if (this.text[this.at] === ',') this.at += 1;
      items.push(this.item());
    }
    this.at += 1;
    return items;
  }

  private item(): string | null | TextArray {
    if (this.text[this.at] === '{') return this.array();
    if (this.text[this.at] === '"') return this.quoted();
    const rest = /[^,}]*/y;
    rest.lastIndex = this.at;
    const [word = ''] = rest.exec(this.text) ?? [];
    this.at += word.length;
    return word === 'NULL' ? null : word.replace(/\\(.)/gs, '$1');
  }

  private quoted(): string {
    const string = /"((?:[^"\\]|\\.)*)"/sy;
    string.lastIndex = this.at;
    const [all = '"', inner = ''] = string.exec(this.text) ?? [];
    this.at += all.length;
    return inner.replace(/\\(.)/gs, '$1');
  }
}
