/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/packages', '<rootDir>/examples', '<rootDir>/e2e', '<rootDir>/tools'],
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/', '/\\.nx/'],
  transform: {
    '^.+\\.[cm]?ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        // Dynamic imports stay what they are: migrations and ESM-only packages are loaded by them.
        module: { type: 'commonjs', ignoreDynamic: true },
        sourceMaps: 'inline',
      },
    ],
  },
  // TypeScript names its own dynamic imports by what they are compiled to.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1', '$1.js'] },
  globalSetup: '<rootDir>/packages/migrator/src/testing/start-servers.ts',
  globalTeardown: '<rootDir>/packages/migrator/src/testing/stop-servers.ts',
  setupFilesAfterEnv: ['<rootDir>/tools/jest-retry.cjs'],
  // The second one counts for .ci/run.
  reporters: ['default', '<rootDir>/tools/jest-count-reporter.cjs'],
  testTimeout: 60_000,
  maxWorkers: 2,
};
