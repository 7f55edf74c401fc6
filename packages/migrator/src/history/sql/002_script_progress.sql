-- Format 2: each finished statement of db.script() is recorded by its content and by the call that sent it.

ALTER TABLE :"schema".migration_history
  ADD COLUMN finished_statement jsonb,
  DROP COLUMN finished_digest,
  ADD CONSTRAINT migration_history_finished_statement_check
    CHECK (finished_statement IS NULL OR pg_catalog.jsonb_typeof(finished_statement) = 'object');

COMMENT ON COLUMN :"schema".migration_history.finished_statements IS 'For migrations without a transaction: how many statements of db.script() had finished. For display; finished_statement is what a resumed run compares.';
COMMENT ON COLUMN :"schema".migration_history.finished_statement IS 'For migrations without a transaction: the statement of db.script() whose end the row records, or whose begin where state is begun. call: number of the call; site: lines of the migration''s file that made the call, innermost first; position and of: which statement of how many; digest: SHA-256 of its text; chain: SHA-256 over the texts of the call up to it; text: the statement for display, shortened, with secrets removed; kind: of a begun statement, its name in the parse tree. NULL in all other rows.';
