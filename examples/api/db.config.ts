import { defineConfig } from '@flashfusion/migrator';

export default defineConfig({
  migrations: './migrations',
  environments: {
    // Embedded, in the workspace's .data folder and shared by all projects: there is nothing to install.
    development: { url: 'pglite:.data/development' },
    staging: { url: { env: 'STAGING_DATABASE_URL' } },
    production: {
      url: { env: 'PRODUCTION_DATABASE_URL' },
      protected: true,
      lockTimeout: '5s',
      statementTimeout: '15m',
    },
  },
});
