import { LETTER_ESCAPES } from '../text/decode';

/** A token of JavaScript or TypeScript, as far as looking for literals needs it. Comments and white space are none. */
export type Token =
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'punctuation'; readonly text: string };

/** After one of these a `/` begins a regular expression, not a division. */
const WORDS_BEFORE_REGEX =
  /^(?:return|typeof|case|in|of|do|else|void|delete|throw|new|instanceof|await|yield)$/;

const SPACE = 32;
const DOT = 46;
const SLASH = 47;
const DELETE = 127;
const BLANK = /(?:[\s\uFEFF]+|\/\/[^\n\r]*|\/\*[\s\S]*?(?:\*\/|$))*/y;
const NAME_REST = /[\p{ID_Continue}$#\u200c\u200d]*/uy;
const NUMBER_REST = /[\p{ID_Continue}$#\u200c\u200d.]*/uy;
type Quote = '"' | "'" | '`';
/** By quote: what neither ends the literal nor may begin something special. */
const PLAIN: Readonly<Record<Quote, RegExp>> = {
  '"': /[^"\\]*/y,
  "'": /[^'\\]*/y,
  '`': /[^`\\$]*/y,
};

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** A letter, a digit, `$`, `_` or `#`. */
function isAsciiWord(code: number): boolean {
  const letter = code | 32;
  return (
    (letter >= 97 && letter <= 122) || isDigit(code) || code === 36 || code === 95 || code === 35
  );
}

/**
 * Reads the tokens of a source file, one after the other. It knows strings, template literals, comments and regular
 * expressions well enough never to mistake what stands inside one of them for code. Never throws; an unfinished literal
 * ends with the file.
 */
export class Scanner {
  private position = 0;
  private begun = 0;
  private previous: Token | undefined;
  /** For each open `${`, how many `{` are open inside it. */
  private readonly templates: number[] = [];

  constructor(private readonly source: string) {}

  /** The next token; `undefined` behind the last one. */
  next(): Token | undefined {
    const token = this.read();
    this.previous = token;
    return token;
  }

  /** Index of the first character of the last token. */
  get start(): number {
    return this.begun;
  }

  /** Index behind the last token. */
  get end(): number {
    return this.position;
  }

  private read(): Token | undefined {
    this.skipBlank();
    this.begun = this.position;
    const char = this.source[this.position];
    if (char === undefined) return undefined;
    if (char === '"' || char === "'") return this.readString(char);
    if (char === '`') return this.readTemplate();
    if (isAsciiWord(this.source.charCodeAt(this.position))) return this.readWord();
    if (char > '\x7f' && /\p{ID_Start}/u.test(char)) return this.readWord();
    if (char === '/' && this.regexMayStart()) return this.readRegex();
    this.position += 1;
    if (this.templates.length > 0) {
      const last = this.templates.length - 1;
      const open = this.templates[last] ?? 0;
      if (char === '}' && open === 0) {
        this.templates.pop();
        return this.readTemplateRest();
      }
      if (char === '{') this.templates[last] = open + 1;
      if (char === '}') this.templates[last] = open - 1;
    }
    return { kind: 'punctuation', text: char };
  }

  private skipBlank(): void {
    const code = this.source.charCodeAt(this.position);
    if (code > SPACE && code < DELETE && code !== SLASH) return; // the most frequent case: nothing to skip
    BLANK.lastIndex = this.position;
    this.position += BLANK.exec(this.source)?.[0].length ?? 0;
  }

  private readWord(): Token {
    const start = this.position;
    const number = isDigit(this.source.charCodeAt(start));
    let code: number;
    do {
      this.position += 1;
      code = this.source.charCodeAt(this.position);
    } while (isAsciiWord(code) || (number && code === DOT)); // a number keeps its dot, a name does not
    if (code >= DELETE) {
      const rest = number ? NUMBER_REST : NAME_REST;
      rest.lastIndex = this.position;
      this.position += rest.exec(this.source)?.[0].length ?? 0;
    }
    return { kind: 'word', text: this.source.slice(start, this.position) };
  }

  private readString(quote: Quote): Token {
    this.position += 1;
    return { kind: 'string', text: this.readUntil(quote) };
  }

  private readTemplate(): Token {
    this.position += 1;
    return this.readTemplateRest();
  }

  /** A template without `${…}` is a string; one with it is of no use to us, so it becomes punctuation. */
  private readTemplateRest(): Token {
    const continued = this.source[this.position - 1] === '}';
    const text = this.readUntil('`', '${');
    const closed = this.source[this.position - 1] === '`';
    if (!closed && this.position < this.source.length) this.templates.push(0);
    return closed && !continued ? { kind: 'string', text } : { kind: 'punctuation', text: '`' };
  }

  /** Reads up to one of the ends, the first of which is the quote, and over it. */
  private readUntil(quote: Quote, ...others: readonly string[]): string {
    const plain = PLAIN[quote];
    let text = '';
    while (this.position < this.source.length) {
      plain.lastIndex = this.position;
      text += plain.exec(this.source)?.[0] ?? '';
      this.position = plain.lastIndex;
      const end = [quote, ...others].find((each) => this.source.startsWith(each, this.position));
      if (end !== undefined) {
        this.position += end.length;
        return text;
      }
      const char = this.source[this.position] ?? '';
      this.position += 1;
      text += char === '\\' ? this.readEscape() : char;
    }
    return text;
  }

  private readEscape(): string {
    const code = /x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}/iy;
    code.lastIndex = this.position;
    const match = code.exec(this.source);
    if (match !== null) {
      this.position += match[0].length;
      const point = Number.parseInt(match[1] ?? match[2] ?? match[3] ?? '', 16);
      return point > 0x10ffff ? '' : String.fromCodePoint(point);
    }
    const char = this.source[this.position] ?? '';
    this.position += 1;
    if (char === '\r' && this.source[this.position] === '\n') this.position += 1;
    return char === '\n' || char === '\r' ? '' : (LETTER_ESCAPES[char] ?? char);
  }

  private regexMayStart(): boolean {
    const { previous } = this;
    if (previous === undefined) return true;
    if (previous.kind === 'string') return false;
    if (previous.kind === 'word') return WORDS_BEFORE_REGEX.test(previous.text);
    return !/[)\]}`]/.test(previous.text);
  }

  private readRegex(): Token {
    const regex = /\/(?:\\.|\[(?:\\.|[^\]\\\n\r])*\]|[^/\\[\n\r])+\/[a-z]*/iy;
    regex.lastIndex = this.position;
    const match = regex.exec(this.source);
    this.position += match?.[0].length ?? 1;
    // Either way what comes next stands behind a value.
    return { kind: 'string', text: '' };
  }
}
