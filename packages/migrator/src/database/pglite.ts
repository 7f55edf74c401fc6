import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import { MigratorError } from '../errors';
import { ClientSession } from './client-session';
import type { ConnectionTarget, Database, OpenOptions, Session } from './database';
import { lockFolder } from './folder-lock';
import { PgliteEngine, type LentEngine } from './pglite-engine';
import { borrowMemory, memoryExists } from './pglite-memory';
import {
  newerSettings,
  ownSessionReset,
  READ_FACTS,
  sessionSettings,
  setSettings,
  toServerFacts,
  type FactsRow,
} from './session-settings';
import type { PgliteAddress } from './url';

/** Milliseconds to wait in turn when nobody says otherwise. */
const DEFAULT_WAIT = 60_000;

/**
 * PGlite: Postgres as WebAssembly in this process, its data in a folder or in memory. It has one session at a time. A
 * folder is guarded against other processes; a database in memory lasts as long as this process.
 */
export class PgliteDatabase implements Database {
  readonly target: ConnectionTarget;

  constructor(
    private readonly address: PgliteAddress,
    source: string,
  ) {
    this.target = {
      driver: 'pglite',
      host: 'embedded',
      port: undefined,
      database: address.name,
      user: undefined,
      source,
    };
  }

  async exists(): Promise<boolean> {
    const { folder, name } = this.address;
    return folder === undefined ? memoryExists(name) : existsSync(join(folder, 'PG_VERSION'));
  }

  async open(options: OpenOptions): Promise<Session> {
    const lent = await this.borrow(options.waitMs ?? DEFAULT_WAIT);
    const { engine } = lent;
    const { client } = engine;
    try {
      const { rows } = await client.query<FactsRow>(READ_FACTS);
      const [facts] = rows;
      if (facts === undefined) throw new Error('PGlite answered without a row.');
      const settings = { ...sessionSettings(options), ...newerSettings(facts.version) };
      await client.query(setSettings(settings));
      return new ClientSession({
        client,
        target: this.target,
        server: toServerFacts(facts),
        reset: ownSessionReset(facts, settings),
        // It runs in this very thread: while a statement runs, nobody can ask for anything.
        cancel: async () => undefined,
        release: () => lent.release(),
        prepare: async (statement) => {
          if (lent.isLost()) throw this.takenAway();
          await engine.prepare(statement);
        },
        explain: (error) => engine.explain(error),
      });
    } catch (error) {
      await lent.release();
      throw error;
    }
  }

  private async borrow(waitMs: number): Promise<LentEngine> {
    const { folder, name } = this.address;
    try {
      if (folder === undefined) return await borrowMemory(name, waitMs);
      const lock = await lockFolder(folder, { waitMs, name });
      try {
        const engine = await PgliteEngine.start(folder);
        const release = () => engine.stop().finally(() => lock.release());
        return { engine, release, isLost: () => lock.isLost() };
      } catch (error) {
        await lock.release();
        throw error;
      }
    } catch (error) {
      throw this.failed(error);
    }
  }

  private takenAway(): MigratorError {
    return new MigratorError(
      'CONNECTION_LOST',
      `The lock of the embedded database in ${this.address.name} was taken away.`,
      {
        hint: 'Another process may be using the folder. Leave the .lock beside it alone while a migration runs.',
      },
    );
  }

  private failed(cause: unknown): MigratorError {
    if (cause instanceof MigratorError) return cause;
    const said = isNativeError(cause) ? ` (${cause.message})` : '';
    return new MigratorError(
      'CONNECTION_FAILED',
      `The embedded database in ${this.address.name} could not be opened${said}.`,
      {
        where: this.target.source,
        hint: 'Is the folder writable, and was it made by PGlite of this version? A database for development may be removed and migrated anew.',
        cause,
      },
    );
  }
}
