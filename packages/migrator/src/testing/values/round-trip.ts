import type { Session } from '../../database/database';
import { MigratorError } from '../../errors';
import { serializeRollbackData } from '../../migration/rollback-data';
import { reviveRollbackData } from '../../migration/stored-json';
import type { ColumnValues } from '../../migration/types';
import { MigrationHandle } from '../../run/migration-handle';
import { ScriptProgress } from '../../run/script-progress';

/** What became of one value between `up` and `down`. */
export interface Fate {
  readonly literal: string;
  readonly inUp: unknown;
  readonly inDown: unknown;
  readonly verdict: 'exact' | 'refused' | 'CHANGED';
}

interface ValueRow extends ColumnValues {
  readonly id: number;
  readonly v: unknown;
}

/** The `db` of a migration on a session. */
export function handleOn(session: Session): MigrationHandle {
  const migration = { id: 'api:1', version: '1', checksum: '', path: '' };
  return new MigrationHandle(session, {
    mode: 'no-transaction',
    path: '',
    progress: new ScriptProgress(migration, {
      statements: [],
      begun: [],
      finishedStatements: 0,
      ended: 'failed',
    }),
    onNotice: () => undefined,
    acceptsTruncated: () => false,
    inTurn: (work) => work(),
    noteSent: () => undefined,
    beforeStatement: async () => undefined,
    sendRecorded: (_statement, _record, send) => send(),
  });
}

/**
 * Sends values of a type the way of rollback data: select in `up`, store as jsonb, insert in `down`, and compares the texts.
 *
 * @param up the session of `up`, which may have changed settings
 * @param plain a session as the runner opens it
 * @param type as SQL
 */
export async function roundTrip(
  up: Session,
  plain: Session,
  type: string,
  literals: readonly string[],
): Promise<Fate[]> {
  await plain.query(
    `DROP TABLE IF EXISTS before, after; CREATE TABLE before (id int, v ${type}); CREATE TABLE after (id int, v ${type})`,
  );
  const list = literals.map(
    (literal, id) => `(${id}, '${literal.replaceAll("'", "''")}'::${type})`,
  );
  await plain.query(`INSERT INTO before VALUES ${list.join(', ')}`);
  const rows = (await handleOn(up).select<ValueRow>('before')).sort((a, b) => a.id - b.id);
  const stored = rows.map(({ id }) => serialize(rows[id] as ValueRow));
  const {
    rows: [answer],
  } = await plain.query<{ data: string }>('SELECT $1::text::jsonb::text AS data', [
    `[${stored.map((text) => text ?? 'null').join(',')}]`,
  ]);
  const inDown = JSON.parse(answer?.data ?? '[]') as (ValueRow | null)[];
  const kept = (reviveRollbackData(inDown) as (ValueRow | null)[]).filter((row) => row !== null);
  await handleOn(plain).insert('after', kept);
  const { rows: same } = await plain.query<{ id: number; same: boolean }>(
    'SELECT id, (b.v::text COLLATE "C") IS NOT DISTINCT FROM (a.v::text COLLATE "C") AS same FROM before b JOIN after a USING (id)',
  );
  return literals.map((literal, id): Fate => {
    const verdict = same.find((row) => row.id === id)?.same ? 'exact' : 'CHANGED';
    return {
      literal,
      inUp: rows[id]?.v,
      inDown: inDown[id]?.v,
      verdict: stored[id] === undefined ? 'refused' : verdict,
    };
  });
}

function serialize(row: ValueRow): string | undefined {
  try {
    return serializeRollbackData(row);
  } catch (error) {
    if (error instanceof MigratorError && error.code === 'INVALID_ROLLBACK_DATA') return undefined;
    throw error;
  }
}
