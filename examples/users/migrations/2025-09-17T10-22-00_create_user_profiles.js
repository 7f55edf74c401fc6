// A file of the original Database Migration Agent, kept as it was: it runs unchanged.
module.exports = {
  version: '20250917102200',
  name: 'create_user_profiles',
  description: 'Add user profile management tables',
  dependencies: ['20250910090000'],

  async up(databaseService, migrationAgent) {
    await databaseService.query(`
            CREATE TABLE IF NOT EXISTS user_profiles (
                user_id BIGINT PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
                bio TEXT NOT NULL DEFAULT '',
                time_zone VARCHAR(64) NOT NULL DEFAULT 'UTC',
                preferences JSONB NOT NULL DEFAULT '{}',
                updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
            );
        `);

    const { rowCount } = await databaseService.query(
      'INSERT INTO user_profiles (user_id) SELECT id FROM users WHERE created_at < $1',
      ['2025-09-17T10:22:00Z'],
    );
    migrationAgent.logger.info(
      `gave ${rowCount} accounts a profile in ${migrationAgent.environment}`,
    );

    return {
      tables_created: ['user_profiles'],
      rollback_instructions: 'DROP TABLE IF EXISTS user_profiles;',
    };
  },

  async down(databaseService, migrationAgent, rollbackData) {
    if (rollbackData?.rollback_instructions) {
      await databaseService.query(rollbackData.rollback_instructions);
    }
  },

  async validate(databaseService) {
    const result = await databaseService.query(`
            SELECT EXISTS (
                SELECT FROM information_schema.tables
                WHERE table_name = 'user_profiles'
            );
        `);
    return result.rows[0].exists;
  },
};
