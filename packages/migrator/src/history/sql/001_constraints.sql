-- Format 1: the rules of migration_history. Run after 001_create.sql, and after an upgrade of the original agent's table.

ALTER TABLE :"schema".migration_history
  ADD CONSTRAINT migration_history_pkey PRIMARY KEY (id),
  -- Two runners that slip past the lock collide here instead of both succeeding. Read backwards, its index serves
  -- "the latest row of each migration".
  ADD CONSTRAINT migration_history_attempt_key UNIQUE (environment, project, version, attempt),
  ADD CONSTRAINT migration_history_attempt_check CHECK (attempt >= 1),
  ADD CONSTRAINT migration_history_action_check CHECK (action IN ('apply', 'revert', 'baseline', 'repair')),
  ADD CONSTRAINT migration_history_state_check CHECK (state IN ('applied', 'reverted', 'failed', 'running')),
  ADD CONSTRAINT migration_history_dependencies_check CHECK (pg_catalog.jsonb_typeof(dependencies) = 'array');

-- "Recent runs" of status.
CREATE INDEX migration_history_recent_idx ON :"schema".migration_history (environment, project, id);
-- "Did this run's row arrive?" after a connection was lost at COMMIT.
CREATE INDEX migration_history_run_idx ON :"schema".migration_history (run_id);

CREATE TABLE :"schema".migration_database (
  id            bigint GENERATED ALWAYS AS IDENTITY,
  format        integer NOT NULL,
  environment   text NOT NULL,
  protected     boolean NOT NULL,
  note          text NOT NULL DEFAULT '',
  agent_version text NOT NULL DEFAULT '',
  recorded_at   timestamp with time zone NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  database_user text NOT NULL DEFAULT SESSION_USER,
  CONSTRAINT migration_database_pkey PRIMARY KEY (id),
  CONSTRAINT migration_database_format_check CHECK (format >= 1)
);
