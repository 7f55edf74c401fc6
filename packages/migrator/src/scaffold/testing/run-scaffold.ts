import { transformSync } from 'esbuild';
import type { PGlite } from '@electric-sql/pglite';

type Step = (...args: unknown[]) => Promise<unknown>;

interface Scaffold {
  up: Step;
  down: Step;
  validate: Step;
  version: string;
  name: string;
  description: string;
  dependencies?: string[];
  transaction?: boolean;
}

/** Runs the source of a migration, as it was scaffolded, and gives what it exports. */
export function evaluateScaffold(source: string): Scaffold {
  const { code } = transformSync(source, { loader: 'ts', format: 'cjs' });
  const module = { exports: {} as { default: Scaffold } };
  const require = () => ({ defineMigration: (definition: Scaffold) => definition });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  new Function('module', 'require', code)(module, require);
  return module.exports.default;
}

/** Every schema object that a scaffold could have made: tables, columns, indexes and constraints with their definitions. */
export async function schemaOf(db: PGlite): Promise<string[]> {
  const { rows } = await db.query<{ line: string }>(`
    WITH tables AS (
      SELECT c.*, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'public' OR n.nspname LIKE 'dropped%'
    )
    SELECT concat(nspname, ' ', relkind, ' ', relname) AS line FROM tables
    UNION ALL
    SELECT concat_ws(' ', nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
      nullif(attcollation, 100), pg_get_expr(adbin, adrelid))
    FROM tables JOIN pg_attribute a ON a.attrelid = tables.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE relkind = 'r'
    UNION ALL
    SELECT concat(pg_get_indexdef(indexrelid), ' valid=', indisvalid)
    FROM pg_index JOIN tables ON tables.oid = indexrelid
    UNION ALL
    SELECT concat_ws(' ', nspname, relname, conname, pg_get_constraintdef(k.oid), convalidated)
    FROM pg_constraint k JOIN tables ON tables.oid = conrelid
    ORDER BY 1`);
  return rows.map(({ line }) => line);
}
