import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { takeSnapshot } from './fingerprint';
import type { ProjectFacts } from './project-facts';
import type { ReadFacts } from './read-facts';
import { warn } from './warn';

interface Entry extends Pick<ReadFacts, 'facts' | 'watched'> {
  /** Of what is watched. */
  readonly quick: string;
  /** Of all the migrations; there once somebody has looked thoroughly. */
  readonly thorough?: { readonly names: readonly string[]; readonly fingerprint: string };
}
type Entries = Map<string, Entry>;

/**
 * How closely to look whether facts still hold. `thorough` is exact, and one `stat` per migration. `quick` spares that: it
 * sees every file that is new, renamed, deleted or replaced (as git does it), and edits of the configuration, of helpers and
 * of the newest migration, but no edit in place of an older migration.
 */
export type Look = 'quick' | 'thorough';

/** Raised whenever the shape of an entry, or the way facts are read, changes. */
const FORMAT = 4;

/** File systems count time in ticks: what changed so shortly before it was read may have changed after it as well. */
const TICK_MS = 20;

/**
 * Remembers the facts of projects between two computations of the graph, in Nx's workspace data folder (`nx reset` empties
 * it). A cache that cannot be read or written costs time, nothing else.
 */
export class FactsCache {
  private readonly path: string;
  private loaded: Entries | undefined;
  private changed = false;

  constructor(private readonly workspaceRoot: string) {
    const id = createHash('sha256').update(workspaceRoot).digest('hex').slice(0, 16);
    this.path = join(dataFolder(workspaceRoot), `flashfusion-db-${id}.json`);
  }

  /** The facts of a configuration, unless what they were read from has changed, or nobody has looked so closely yet. */
  get(configPath: string, look: Look): ProjectFacts | undefined {
    const entry = this.entries.get(configPath);
    if (entry === undefined) return undefined;
    if (takeSnapshot(entry.watched).fingerprint !== entry.quick) return undefined;
    if (look === 'quick') return entry.facts;
    if (entry.thorough === undefined) return undefined;
    const { fingerprint } = this.migrations(entry.facts, entry.thorough.names);
    return fingerprint === entry.thorough.fingerprint ? entry.facts : undefined;
  }

  /**
   * Remembers what was read, if it is still so as far as this look sees.
   *
   * @returns whether it is: `unchanged` since reading began, or `unsure`
   */
  remember(configPath: string, read: ReadFacts, look: Look): 'unchanged' | 'unsure' {
    const { facts, watched, migrationNames: names } = read;
    const quick = takeSnapshot(watched);
    const thorough = look === 'thorough' ? this.migrations(facts, names) : undefined;
    if (Math.max(quick.newest, thorough?.newest ?? 0) >= read.begun - TICK_MS) {
      this.changed = this.entries.delete(configPath) || this.changed;
      return 'unsure';
    }
    this.entries.set(configPath, {
      facts,
      watched,
      quick: quick.fingerprint,
      ...(thorough && { thorough: { names, fingerprint: thorough.fingerprint } }),
    });
    this.changed = true;
    return 'unchanged';
  }

  /** Writes what has changed, without the configurations that are gone. Never throws. */
  save(): void {
    if (!this.changed || process.env['NX_CACHE_PROJECT_GRAPH'] === 'false') return;
    const entries = [...this.entries].filter(([configPath]) => existsSync(configPath));
    const temporary = `${this.path}.${process.pid}`;
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      writeFileSync(
        temporary,
        JSON.stringify({ format: FORMAT, entries: Object.fromEntries(entries) }),
      );
      renameSync(temporary, this.path); // whoever reads meanwhile sees the old one or the new one, whole
    } catch (error) {
      warn(this.path, error);
    }
  }

  private get entries(): Entries {
    return (this.loaded ??= read(this.path));
  }

  private migrations({ migrations }: ProjectFacts, names: readonly string[]) {
    const folder = join(this.workspaceRoot, migrations);
    return takeSnapshot(names.map((name) => `${folder}/${name}`));
  }
}

function read(path: string): Entries {
  if (process.env['NX_CACHE_PROJECT_GRAPH'] === 'false') return new Map();
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8')) as {
      format?: number;
      entries?: Record<string, Entry>;
    };
    return new Map(Object.entries((stored.format === FORMAT && stored.entries) || {}));
  } catch {
    return new Map(); // not there yet, or cut off: everything is read anew
  }
}

/** As Nx chooses it; its own function for this is not public. */
function dataFolder(workspaceRoot: string): string {
  const folder =
    process.env['NX_WORKSPACE_DATA_DIRECTORY'] ??
    process.env['NX_PROJECT_GRAPH_CACHE_DIRECTORY'] ??
    join('.nx', 'workspace-data');
  return isAbsolute(folder) ? folder : join(workspaceRoot, folder);
}
