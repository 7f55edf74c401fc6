-- Format 2: one witness for every row of migration_history. The upgrade fills it in for the rows that are there.

CREATE TABLE :"schema".migration_chain (
  row_id      bigint NOT NULL,
  environment text NOT NULL,
  project     text NOT NULL,
  version     text NOT NULL,
  attempt     integer NOT NULL,
  previous    text,
  hash        text NOT NULL,
  -- No foreign key: a witness stays when its row is deleted.
  CONSTRAINT migration_chain_pkey PRIMARY KEY (row_id)
);

-- "The newest hash of this chain", and the order in which a chain is verified.
CREATE INDEX migration_chain_order_idx ON :"schema".migration_chain (environment, project, row_id);
-- "The newest row of each migration", to find those that were deleted.
CREATE INDEX migration_chain_newest_idx ON :"schema".migration_chain (environment, project, version, row_id);

COMMENT ON TABLE :"schema".migration_chain IS
  'FlashFusion DB: one witness for each row of migration_history, written by the same statement. Append-only. A row that was edited or deleted does not fit its witness: ff db status --check names it.';
COMMENT ON COLUMN :"schema".migration_chain.row_id IS 'The row of migration_history: its id.';
COMMENT ON COLUMN :"schema".migration_chain.environment IS 'Environment of the row. Each environment and project has a chain of its own.';
COMMENT ON COLUMN :"schema".migration_chain.project IS 'Project of the row.';
COMMENT ON COLUMN :"schema".migration_chain.version IS 'Version of the row''s migration.';
COMMENT ON COLUMN :"schema".migration_chain.attempt IS 'Attempt of the row.';
COMMENT ON COLUMN :"schema".migration_chain.previous IS 'Hash of the row before it in the chain. NULL for the first row.';
COMMENT ON COLUMN :"schema".migration_chain.hash IS 'SHA-256 over every column of the row that is not NULL, followed by the previous hash, as hexadecimal digits.';
