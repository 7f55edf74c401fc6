-- Who may do what with the history. Run it as its owner, after the first run created the tables:
--
--   psql -v schema=public -v migrator=ff_migrator -v auditor=ff_auditor -f roles.sql
--
-- The migrator role can read and append, and nothing else: no row is changed or removed. It cannot say when it wrote a
-- row, or who it is: those columns are the server's. (The rights that its migrations need on other tables are yours to give.)

REVOKE ALL ON :"schema".migration_history, :"schema".migration_chain, :"schema".migration_database
  FROM PUBLIC, :"migrator", :"auditor";

GRANT USAGE ON SCHEMA :"schema" TO :"migrator", :"auditor";
GRANT SELECT ON :"schema".migration_history, :"schema".migration_chain, :"schema".migration_database
  TO :"migrator", :"auditor";

GRANT INSERT (
  migration_name, version, description, checksum, execution_time_ms, success, rollback_data, environment, agent_version,
  project, action, state, attempt, run_id, dependencies, checksum_algorithm, error_code, error_message, error_stack,
  os_user, host, git_commit, ci_url, finished_statements, finished_statement
) ON :"schema".migration_history TO :"migrator";
GRANT INSERT (row_id, environment, project, version, attempt, previous, hash) ON :"schema".migration_chain TO :"migrator";
GRANT INSERT (format, environment, protected, note, agent_version) ON :"schema".migration_database TO :"migrator";
