import { createHash } from 'node:crypto';
import type { ParsedStatement } from './parse-sql';

/** What a migration has set in its session when it calls `db.script`: the same statement can mean something else then. */
export interface SessionStamp {
  /** Value of `search_path`; empty if the migration has not set it, `undefined` if its value is not known. */
  readonly searchPath: string | undefined;
  /** Digest over all that was set; empty if nothing was. */
  readonly digest: string;
}

/** Calls of `set_config` in a statement, with the arguments that are literals or parameters. */
const SET_CONFIG =
  /\bset_config\s*\(\s*(?:'([^']*)'|\$(\d+))\s*(?:::\s*\w+\s*)?(?:,\s*(?:'([^']*)'|\$(\d+))\s*(?:::\s*\w+\s*)?,)?/gi;

/** Characters of a digest that are kept: it tells apart the states of one migration. */
const DIGEST = 12;

/**
 * The settings that the statements of one attempt have made, as far as the statements say. What functions and DO blocks set
 * is not seen.
 */
export class SessionState {
  private readonly values = new Map<string, string>();
  private searchPath: string | undefined = '';

  /**
   * To be called with every statement that is sent outside of scripts, and with those of scripts.
   *
   * @param statements the parsed text; empty where it was not parsed
   */
  note(
    sql: string,
    params: readonly unknown[] | undefined,
    statements: readonly ParsedStatement[],
  ): void {
    for (const { node, sql: text } of statements) {
      if (node['DiscardStmt']?.['target'] === 'DISCARD_ALL') this.reset();
      const setting = node['VariableSetStmt'];
      if (setting && setting['is_local'] !== true) this.noteSet(setting, text);
    }
    if (!/\bset_config\b/i.test(sql)) return;
    for (const [, literal, position, value, at] of sql.matchAll(SET_CONFIG)) {
      const name = (literal ?? String(params?.[Number(position) - 1])).toLowerCase();
      const given = value ?? (at === undefined ? undefined : params?.[Number(at) - 1]);
      this.values.set(name, `${sql}\0${JSON.stringify(params ?? [], jsonSafe)}`);
      if (name === 'search_path') {
        this.searchPath = typeof given === 'string' ? normalPath(given) : undefined;
      }
    }
  }

  get stamp(): SessionStamp {
    const { searchPath } = this;
    if (this.values.size === 0) return { searchPath, digest: '' };
    const sorted = [...this.values].sort(([left], [right]) => (left < right ? -1 : 1));
    const digest = createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
    return { searchPath, digest: digest.slice(0, DIGEST) };
  }

  private reset(): void {
    this.values.clear();
    this.searchPath = '';
  }

  private noteSet(setting: Record<string, unknown>, text: string): void {
    const kind = setting['kind'];
    const given = setting['name'];
    const name = typeof given === 'string' ? given.toLowerCase() : '';
    if (kind === 'VAR_RESET_ALL') return this.reset();
    if (kind === 'VAR_RESET' || kind === 'VAR_SET_DEFAULT') this.values.delete(name);
    else this.values.set(name, text);
    if (name === 'search_path') this.searchPath = pathOf(setting);
  }
}

/** Values of `SET search_path TO …`, which the parser gives as constants. */
function pathOf({ kind, args }: Record<string, unknown>): string | undefined {
  if (kind !== 'VAR_SET_VALUE') return '';
  if (!Array.isArray(args)) return undefined;
  const names = args.map((arg: { A_Const?: { sval?: { sval?: string } } }) => {
    return arg.A_Const?.sval?.sval;
  });
  if (names.some((name) => name === undefined)) return undefined;
  return normalPath(names.join(','));
}

function normalPath(path: string): string {
  return path
    .split(',')
    .map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
    .join(', ');
}

function jsonSafe(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
