/** What a migration's name says it does. */
export type Intent =
  | { readonly kind: 'create-table'; readonly table: string }
  | { readonly kind: 'add-columns'; readonly table: string; readonly columns: readonly string[] }
  | { readonly kind: 'create-index'; readonly table: string; readonly column: string | undefined }
  | { readonly kind: 'other' };

/** Made with CREATE, but not tables. */
const NOT_A_TABLE =
  /^(?:or_replace|unique|constraint|database|domain|enum|extension|function|index|materialized|policy|procedure|publication|role|rule|schema|sequence|trigger|type|user_defined|view)_|_(?:constraint|domain|enum|extension|function|index|policy|procedure|role|schema|sequence|trigger|type|view)$/;
/** Added to a table, but not columns. */
const NOT_A_COLUMN =
  /(?:^|_)(?:check|comment|constraint|default|fk|foreign_key|index|not_null|permission|permissions|pk|policy|primary_key|trigger|unique)(?:_|$)/;

/**
 * Reads what is meant off a name in snake_case: `create_<table>`, `add_<column>[_and_<column>]_to_<table>`,
 * `add_<column>_index_to_<table>`, `create_index_on_<table>[_by_<column>]`. Anything else is `other`.
 *
 * @param name snake_case
 */
export function readIntent(name: string): Intent {
  return indexIntent(name) ?? columnIntent(name) ?? tableIntent(name) ?? { kind: 'other' };
}

function indexIntent(name: string): Intent | undefined {
  // index_users_on_email, create_index_users_on_email is how Rails names indexes
  const byName = /^(?:(?:add|create)_)?index_(?!(?:on|to|for)_)(.+)_on_(.+)$/.exec(name);
  if (byName) return { kind: 'create-index', table: byName[1] ?? '', column: byName[2] };
  const byTable = /^(?:add|create)_index_(?:on|to|for)_(.+?)(?:_(?:by|for|on)_(.+))?$/.exec(name);
  if (byTable) return { kind: 'create-index', table: byTable[1] ?? '', column: byTable[2] };
  const byColumn = /^(?:add|create)_(.+)_index_(?:on|to|for)_(.+)$/.exec(name);
  if (byColumn) return { kind: 'create-index', table: byColumn[2] ?? '', column: byColumn[1] };
  return undefined;
}

function columnIntent(name: string): Intent | undefined {
  const match = /^add_(?:columns?_)?(.+)_to_(.+?)(?:_table)?$/.exec(name);
  const [, columns = '', table = ''] = match ?? [];
  if (match === null || NOT_A_COLUMN.test(columns)) return undefined;
  return { kind: 'add-columns', table, columns: [...new Set(columns.split('_and_'))] };
}

function tableIntent(name: string): Intent | undefined {
  const match = /^create_(?:table_)?(.+?)(?:_table)?$/.exec(name);
  const table = match?.[1];
  if (table === undefined || NOT_A_TABLE.test(table)) return undefined;
  return { kind: 'create-table', table };
}
