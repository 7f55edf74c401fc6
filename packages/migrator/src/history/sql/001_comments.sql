-- Format 1: what each table and column means, for people who look with psql.

COMMENT ON TABLE :"schema".migration_history IS
  'FlashFusion DB: one row for every attempt to apply, revert, baseline or repair a migration. Append-only: nothing updates or deletes rows. A migration''s state is that of its row with the highest attempt.';
COMMENT ON COLUMN :"schema".migration_history.id IS 'Number of the row, in the order of insertion.';
COMMENT ON COLUMN :"schema".migration_history.migration_name IS 'Name of the migration, snake_case, as in its file name.';
COMMENT ON COLUMN :"schema".migration_history.version IS 'Version of the migration: 14 digits, UTC, YYYYMMDDhhmmss. Unique within its project.';
COMMENT ON COLUMN :"schema".migration_history.description IS 'What the migration says it does.';
COMMENT ON COLUMN :"schema".migration_history.checksum IS 'Checksum of the migration''s source when it ran; see checksum_algorithm.';
COMMENT ON COLUMN :"schema".migration_history.executed_at IS 'When the row was written, by the server''s clock. 1970-01-01 where the original agent did not say.';
COMMENT ON COLUMN :"schema".migration_history.execution_time_ms IS 'How long the attempt took, in milliseconds.';
COMMENT ON COLUMN :"schema".migration_history.success IS 'Whether the attempt did what it set out to do.';
COMMENT ON COLUMN :"schema".migration_history.rollback_data IS 'What up() returned, for down(). NULL for none.';
COMMENT ON COLUMN :"schema".migration_history.environment IS 'Environment that the attempt was made for. Environments are tracked separately.';
COMMENT ON COLUMN :"schema".migration_history.agent_version IS 'Version of the migrator that wrote the row.';
COMMENT ON COLUMN :"schema".migration_history.project IS 'Project that owns the migration. Its identity is project:version.';
COMMENT ON COLUMN :"schema".migration_history.action IS 'What was attempted: apply, revert, baseline (marked as applied without running), repair.';
COMMENT ON COLUMN :"schema".migration_history.state IS 'State that the row leaves the migration in: applied, reverted, failed, or running (written before a migration without a transaction starts; when no runner holds the lock it proves an interruption).';
COMMENT ON COLUMN :"schema".migration_history.attempt IS 'Number of the attempt within environment, project and version: 1, 2, 3, … without gaps.';
COMMENT ON COLUMN :"schema".migration_history.run_id IS 'Identity of the run that wrote the row: all rows of one command share it.';
COMMENT ON COLUMN :"schema".migration_history.dependencies IS 'Identities (project:version) that the migration depended on, as a JSON array.';
COMMENT ON COLUMN :"schema".migration_history.checksum_algorithm IS 'sha256: of the source with a byte order mark dropped and CRLF turned into LF. legacy: written by the original agent, never compared.';
COMMENT ON COLUMN :"schema".migration_history.error_code IS 'Why the attempt failed: a stable code of the migrator. NULL when it did not fail.';
COMMENT ON COLUMN :"schema".migration_history.error_message IS 'Why the attempt failed, in words, with secrets removed.';
COMMENT ON COLUMN :"schema".migration_history.error_stack IS 'Where the attempt failed in the migration''s source, with secrets removed.';
COMMENT ON COLUMN :"schema".migration_history.database_user IS 'session_user, filled in and so proven by the server. NULL for rows of the original agent.';
COMMENT ON COLUMN :"schema".migration_history.os_user IS 'Operating system user, as claimed by the runner.';
COMMENT ON COLUMN :"schema".migration_history.host IS 'Name of the runner''s machine, as claimed by the runner.';
COMMENT ON COLUMN :"schema".migration_history.git_commit IS 'Git commit of the workspace, as claimed by the runner.';
COMMENT ON COLUMN :"schema".migration_history.ci_url IS 'Url of the CI job, as claimed by the runner.';
COMMENT ON COLUMN :"schema".migration_history.finished_statements IS 'For migrations without a transaction: how many statements of db.script() had finished.';
COMMENT ON COLUMN :"schema".migration_history.finished_digest IS 'SHA-256 over the statements that had finished: a script that begins differently now is not resumed behind them.';

COMMENT ON TABLE :"schema".migration_database IS
  'FlashFusion DB: what this database is. Append-only; the row with the highest id counts. It keeps a database of one environment from being migrated as another.';
COMMENT ON COLUMN :"schema".migration_database.id IS 'Number of the row, in the order of insertion.';
COMMENT ON COLUMN :"schema".migration_database.format IS 'Format of migration_history and this table. A migrator refuses formats newer than its own.';
COMMENT ON COLUMN :"schema".migration_database.environment IS 'The one environment that this database belongs to.';
COMMENT ON COLUMN :"schema".migration_database.protected IS 'Whether destructive commands need a named confirmation, whatever a runner''s configuration says.';
COMMENT ON COLUMN :"schema".migration_database.note IS 'Why the row was written.';
COMMENT ON COLUMN :"schema".migration_database.agent_version IS 'Version of the migrator that wrote the row.';
COMMENT ON COLUMN :"schema".migration_database.recorded_at IS 'When the row was written, by the server''s clock.';
COMMENT ON COLUMN :"schema".migration_database.database_user IS 'session_user, filled in and so proven by the server.';
