/** Made with CREATE, but not tables. */
export const NOT_A_TABLE =
  /^(?:or_replace|unique|constraint|database|domain|enum|extension|function|index|materialized|policy|procedure|publication|role|rule|schema|sequence|trigger|type|user_defined|value|view)_|(?:^|_)(?:columns|constraints?|domain|enum|extension|functions?|index|indexes|indices|policy|procedure|role|schema|sequence|tables|triggers?|type|view)$/;

/** A name with one of these says more than the name of one table. */
export const OTHER_WORDS = /_(?:and|for|from|if|in|of|on|to|when|where|with)_/;

/** Added to a table, but not columns. */
export const NOT_A_COLUMN =
  /(?:^|_)(?:cascade|check|columns?|constraint|default|enum|fields?|fk|foreign_key|index|indexes|not_null|null|nullable|partitions?|permissions?|pk|policy|primary_key|ref|references?|rls|rows?|seeds?|soft_delete|timestamps|trigger|triggers|unique|values?)(?:_|$)|^(?:comment|data)$|_(?:comment|data)$/;

const IRREGULAR: ReadonlyMap<string, string> = new Map([
  ['children', 'child'],
  ['media', 'media'],
  ['men', 'man'],
  ['news', 'news'],
  ['people', 'person'],
  ['series', 'series'],
  ['statuses', 'status'],
  ['women', 'woman'],
]);

/** `order_items` → `order_item`: the singular of the last word, by the usual rules of English. */
export function singular(name: string): string {
  const [, before = '', last = name] = /^(.*_)?([^_]+)$/.exec(name) ?? [];
  return before + singularWord(last);
}

function singularWord(word: string): string {
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  if (/(?:ss|us|is)$/.test(word)) return word;
  if (/[^aeiou]ies$/.test(word)) return word.replace(/ies$/, 'y');
  if (/(?:x|z|ch|sh|ss)es$/.test(word)) return word.replace(/es$/, '');
  return word.replace(/s$/, '');
}

/** The names that a table about `word` may have: as given, and in the plural. */
export function pluralsOf(word: string): readonly string[] {
  const irregular = [...IRREGULAR].find(([, one]) => one === word)?.[0];
  const regular = /[^aeiou]y$/.test(word)
    ? word.replace(/y$/, 'ies')
    : `${word}${/(?:s|x|z|ch|sh)$/.test(word) ? 'es' : 's'}`;
  return [word, ...(irregular === undefined ? [] : [irregular]), regular];
}

/** Whether the last word of a name is a plural. */
export function isPlural(name: string): boolean {
  return singular(name) !== name;
}
