-- The original agent's migration_history becomes format 1, step 2: its rows are filled in, now columns get their defaults
-- and refuse NULL. 001_constraints.sql and 001_comments.sql follow.

ALTER TABLE :"schema".migration_history
  ALTER COLUMN migration_name SET NOT NULL,
  ALTER COLUMN version SET NOT NULL,
  ALTER COLUMN description SET NOT NULL,
  ALTER COLUMN description SET DEFAULT '',
  ALTER COLUMN checksum SET NOT NULL,
  ALTER COLUMN executed_at SET NOT NULL,
  ALTER COLUMN executed_at SET DEFAULT pg_catalog.clock_timestamp(),
  ALTER COLUMN execution_time_ms SET NOT NULL,
  ALTER COLUMN execution_time_ms SET DEFAULT 0,
  ALTER COLUMN success SET NOT NULL,
  ALTER COLUMN environment SET NOT NULL,
  ALTER COLUMN environment DROP DEFAULT,
  ALTER COLUMN agent_version SET NOT NULL,
  ALTER COLUMN agent_version DROP DEFAULT,
  ALTER COLUMN project SET NOT NULL,
  ALTER COLUMN action SET NOT NULL,
  ALTER COLUMN state SET NOT NULL,
  ALTER COLUMN attempt SET NOT NULL,
  ALTER COLUMN run_id SET NOT NULL,
  ALTER COLUMN dependencies SET NOT NULL,
  ALTER COLUMN dependencies SET DEFAULT '[]',
  ALTER COLUMN checksum_algorithm SET NOT NULL,
  ALTER COLUMN database_user SET DEFAULT SESSION_USER,
  ALTER COLUMN finished_statements SET NOT NULL,
  ALTER COLUMN finished_statements SET DEFAULT 0;
