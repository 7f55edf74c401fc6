-- Format 2: the state of an applied migration whose file was removed on purpose.

ALTER TABLE :"schema".migration_history
  DROP CONSTRAINT migration_history_state_check,
  ADD CONSTRAINT migration_history_state_check
    CHECK (state IN ('applied', 'retired', 'reverted', 'failed', 'running'));

COMMENT ON COLUMN :"schema".migration_history.state IS 'State that the row leaves the migration in: applied, retired (applied, and its file was removed on purpose), reverted, failed, or running (written before a migration without a transaction starts; when no runner holds the lock it proves an interruption).';
