import type { QueryTypes } from '../../config/settings';
import type { QueryResult } from '../../migration/types';
import { judgeForeignRows } from './foreign-rows';
import type { OutputSettings } from './output-settings';
import { SHOW_SETTINGS, type AskedSettings } from './output-settings';
import { needsSettings, parseRows, type Field } from './read-rows';

/** A result as `pg` gives it; after a {@link ValueQuery} its values are still texts. */
export interface RawResult {
  readonly rows?: unknown[];
  readonly rowCount?: number | null;
  readonly command?: string;
  readonly fields?: readonly Field[];
}

/** A query for `pg` that keeps every value as the text that the server sent. */
export class ValueQuery {
  readonly values: unknown[] | undefined;
  /** Whether `pg` has asked for the types: a client that is wrapped may parse by itself. */
  private asked = false;
  /** An empty list besides: `pg` also sends `types` as the types of the parameters, and PGlite iterates over it. */
  readonly types: QueryTypes = Object.assign([], {
    getTypeParser: () => {
      this.asked = true;
      return (text: string) => text;
    },
  });

  constructor(
    readonly text: string,
    params: readonly unknown[] | undefined,
  ) {
    this.values = params && [...params];
  }

  get isRaw(): boolean {
    return this.asked;
  }

  /** For logs of the application's service. */
  toString(): string {
    return this.text;
  }
}

/** Reads the values of one session's results exactly, whatever parsers the application has set for `pg`. */
export class ValueReader {
  /** @param ask sends a query of the reader itself */
  constructor(
    readonly settings: OutputSettings,
    private readonly ask: (query: ValueQuery) => Promise<unknown>,
  ) {}

  /**
   * @param answer a result, or a list of them for several statements
   * @returns all results, in order
   */
  async read<Row>(query: ValueQuery, answer: unknown): Promise<QueryResult<Row>[]> {
    const read: QueryResult<Row>[] = [];
    for (const result of resultsOf(answer)) {
      const { rows = [], fields, command } = result;
      if (query.isRaw && fields !== undefined) await this.parse(fields, rows);
      else judgeForeignRows(rows, fields);
      read.push({
        rows: rows as Row[],
        rowCount: result.rowCount ?? rows.length,
        command: command ?? /^\s*([a-z]+)/i.exec(query.text)?.[1]?.toUpperCase() ?? '',
      });
    }
    return read;
  }

  private async parse(fields: readonly Field[], rows: unknown[]): Promise<void> {
    const texts = rows as Record<string, unknown>[];
    if (needsSettings(fields, texts, this.settings)) {
      const [result] = resultsOf(await this.ask(new ValueQuery(SHOW_SETTINGS, undefined)));
      this.settings.answer(result?.rows?.[0] as AskedSettings);
    }
    parseRows(fields, texts, this.settings);
  }
}

function resultsOf(answer: unknown): readonly RawResult[] {
  return (Array.isArray(answer) ? answer : [answer]) as readonly RawResult[];
}
