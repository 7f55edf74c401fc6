import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { ProjectFacts } from './project-facts';
import { fingerprint } from './read-facts';
import { warn } from './warn';

interface Entry {
  readonly facts: ProjectFacts;
  readonly watched: readonly string[];
  readonly fingerprint: string;
}

/** Raised whenever the shape of an entry, or the way facts are read, changes. */
const FORMAT = 1;

/**
 * Remembers the facts of projects between two computations of the graph, in Nx's workspace data folder (`nx reset` empties
 * it). A cache that cannot be read or written costs time, nothing else.
 */
export class FactsCache {
  private readonly path: string;
  private readonly entries: Map<string, Entry>;
  private changed = false;

  constructor(workspaceRoot: string) {
    const id = createHash('sha256').update(workspaceRoot).digest('hex').slice(0, 16);
    this.path = join(dataFolder(workspaceRoot), `flashfusion-db-${id}.json`);
    this.entries = new Map(Object.entries(read(this.path)));
  }

  /** The facts of a configuration, unless what they were read from has changed. */
  get(configPath: string): ProjectFacts | undefined {
    const entry = this.entries.get(configPath);
    return entry?.fingerprint === fingerprint(entry?.watched ?? []) ? entry?.facts : undefined;
  }

  set(configPath: string, facts: ProjectFacts, watched: readonly string[]): void {
    this.entries.set(configPath, { facts, watched, fingerprint: fingerprint(watched) });
    this.changed = true;
  }

  /** Forgets a configuration, so that the next computation reads it again. */
  forget(configPath: string): void {
    this.changed = this.entries.delete(configPath) || this.changed;
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
}

function read(path: string): Record<string, Entry> {
  if (process.env['NX_CACHE_PROJECT_GRAPH'] === 'false') return {};
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8')) as {
      format?: number;
      entries?: Record<string, Entry>;
    };
    return stored.format === FORMAT ? (stored.entries ?? {}) : {};
  } catch {
    return {}; // not there yet, or cut off: everything is read anew
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
