-- Format 1 of the migration history, on a database that has none.
-- :"schema" is replaced by the quoted name of the schema (psql's own notation for a variable).

CREATE TABLE :"schema".migration_history (
  id                  bigint GENERATED ALWAYS AS IDENTITY,
  -- The original agent's columns, under their names.
  migration_name      text NOT NULL,
  version             text NOT NULL,
  description         text NOT NULL DEFAULT '',
  checksum            text NOT NULL,
  executed_at         timestamp with time zone NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  execution_time_ms   bigint NOT NULL DEFAULT 0,
  success             boolean NOT NULL,
  rollback_data       jsonb,
  environment         text NOT NULL,
  agent_version       text NOT NULL,
  -- What it lacked.
  project             text NOT NULL,
  action              text NOT NULL,
  state               text NOT NULL,
  attempt             integer NOT NULL,
  run_id              text NOT NULL,
  dependencies        jsonb NOT NULL DEFAULT '[]',
  checksum_algorithm  text NOT NULL,
  error_code          text,
  error_message       text,
  error_stack         text,
  database_user       text DEFAULT SESSION_USER,
  os_user             text,
  host                text,
  git_commit          text,
  ci_url              text,
  finished_statements integer NOT NULL DEFAULT 0,
  finished_digest     text
);
