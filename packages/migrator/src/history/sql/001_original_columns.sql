-- The original agent's migration_history becomes format 1, step 1: every column is there and has its type.
-- Its columns are looked for by name, not by type; those that only it had are kept. Its ids are dealt with before this.

ALTER TABLE :"schema".migration_history
  ADD COLUMN IF NOT EXISTS migration_name      text,
  ADD COLUMN IF NOT EXISTS version             text,
  ADD COLUMN IF NOT EXISTS description         text,
  ADD COLUMN IF NOT EXISTS checksum            text,
  ADD COLUMN IF NOT EXISTS executed_at         timestamp with time zone,
  ADD COLUMN IF NOT EXISTS execution_time_ms   bigint,
  ADD COLUMN IF NOT EXISTS success             boolean,
  ADD COLUMN IF NOT EXISTS rollback_data       jsonb,
  ADD COLUMN IF NOT EXISTS environment         text,
  ADD COLUMN IF NOT EXISTS agent_version       text,
  ADD COLUMN IF NOT EXISTS project             text,
  ADD COLUMN IF NOT EXISTS action              text,
  ADD COLUMN IF NOT EXISTS state               text,
  ADD COLUMN IF NOT EXISTS attempt             integer,
  ADD COLUMN IF NOT EXISTS run_id              text,
  ADD COLUMN IF NOT EXISTS dependencies        jsonb,
  ADD COLUMN IF NOT EXISTS checksum_algorithm  text,
  ADD COLUMN IF NOT EXISTS error_code          text,
  ADD COLUMN IF NOT EXISTS error_message       text,
  ADD COLUMN IF NOT EXISTS error_stack         text,
  ADD COLUMN IF NOT EXISTS database_user       text,
  ADD COLUMN IF NOT EXISTS os_user             text,
  ADD COLUMN IF NOT EXISTS host                text,
  ADD COLUMN IF NOT EXISTS git_commit          text,
  ADD COLUMN IF NOT EXISTS ci_url              text,
  ADD COLUMN IF NOT EXISTS finished_statements integer,
  ADD COLUMN IF NOT EXISTS finished_digest     text;

-- Defaults first: one of the old type could not be carried over to the new one.
ALTER TABLE :"schema".migration_history
  ALTER COLUMN executed_at DROP DEFAULT,
  ALTER COLUMN execution_time_ms DROP DEFAULT,
  ALTER COLUMN success DROP DEFAULT,
  ALTER COLUMN rollback_data DROP DEFAULT;

ALTER TABLE :"schema".migration_history
  ALTER COLUMN migration_name TYPE text,
  ALTER COLUMN version TYPE text,
  ALTER COLUMN description TYPE text,
  ALTER COLUMN checksum TYPE text,
  -- A timestamp without zone was written by NOW() in the TimeZone of the original agent's sessions. It is read in that
  -- of this session: the server's setting, unless the role or the database has one of its own.
  ALTER COLUMN executed_at TYPE timestamp with time zone USING executed_at::timestamp with time zone,
  ALTER COLUMN execution_time_ms TYPE bigint USING execution_time_ms::bigint,
  ALTER COLUMN success TYPE boolean USING success::boolean,
  ALTER COLUMN environment TYPE text,
  ALTER COLUMN agent_version TYPE text,
  ALTER COLUMN error_code TYPE text,
  ALTER COLUMN error_message TYPE text,
  ALTER COLUMN error_stack TYPE text;
