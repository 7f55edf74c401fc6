/**
 * Marks a transaction by a lock that lives exactly as long: no setting that RESET ALL would wipe, and no query, which would
 * take a snapshot and keep SET TRANSACTION from being the migration's first statement. It is a catalog table that no
 * migration reads, in the weakest mode, so that nothing waits for it.
 */
export const MARK_TRANSACTION = 'LOCK TABLE pg_catalog.pg_amproc IN ACCESS SHARE MODE';

/** A condition on a row `held` of `pg_locks`: it is the mark. */
export const IS_MARK = `held.locktype = 'relation' AND held.relation = 'pg_catalog.pg_amproc'::pg_catalog.regclass
  AND held.mode = 'AccessShareLock' AND held.granted`;
