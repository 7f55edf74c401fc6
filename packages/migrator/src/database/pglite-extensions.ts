import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Client } from 'pg';
import { untar } from './untar';

/** Where PGlite's file system has the installation of Postgres. */
const INSTALLATION = '/pglite';

/** Archives of what cannot be created as an extension, or replaces a part of the server's behaviour. */
const NOT_EXTENSIONS = new Set([
  'auto_explain.tar.gz',
  'pg_overexplain.tar.gz',
  'passwordcheck.tar.gz',
]);

/**
 * The contrib extensions that PGlite bundles, one archive each. PGlite wants to be told at its creation which ones will be
 * used; their files can as well be put in place later, just before they are asked for, which costs nothing for the
 * databases that use none.
 */
export class PgliteExtensions {
  private installed: Promise<void> | undefined;
  private readonly controls = new Set<string>();

  constructor(private readonly pglite: PGlite) {}

  /** Puts all of them in place, once. */
  install(): Promise<void> {
    this.installed ??= this.unpackAll();
    return this.installed;
  }

  /** Puts them in place if the database has any: their code is not part of its folder. */
  async restore(client: Client): Promise<void> {
    const { rows } = await client.query(
      `SELECT FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql' LIMIT 1`,
    );
    if (rows.length > 0) await this.install();
  }

  /** Names for CREATE EXTENSION, sorted; complete after {@link install}. */
  names(): string[] {
    return [...this.controls].sort();
  }

  private async unpackAll(): Promise<void> {
    const folder = dirname(require.resolve('@electric-sql/pglite'));
    const archives = readdirSync(folder).filter(
      (name) => name.endsWith('.tar.gz') && !NOT_EXTENSIONS.has(name),
    );
    await Promise.all(archives.map((name) => this.unpack(join(folder, name))));
  }

  private async unpack(archive: string): Promise<void> {
    const content = await promisify(gunzip)(await readFile(archive));
    for (const { path, data } of untar(content)) {
      this.pglite.copyToFS(`${INSTALLATION}/${path}`, data);
      const control = /(?:^|\/)([^/]+)\.control$/.exec(path)?.[1];
      if (control !== undefined) this.controls.add(control);
    }
  }
}
