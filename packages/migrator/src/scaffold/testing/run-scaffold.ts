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

/** Every schema object that a scaffold could have made: tables, columns and indexes with their validity. */
export async function schemaOf(db: PGlite): Promise<string[]> {
  const { rows } = await db.query<{ line: string }>(`
    SELECT c.relkind::text || ' ' || c.relname || coalesce(' ' || a.attname || ' ' || a.atttypid::regtype, '')
      || coalesce(' valid=' || i.indisvalid, '') AS line
    FROM pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace
    ORDER BY 1`);
  return rows.map(({ line }) => line);
}
