// @ts-check
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The rooms that compute and nothing else: no file system, process, clock, database or terminal. */
const PURE_ROOMS = ['text', 'plan', 'lint', 'report'].map(
  (room) => `packages/migrator/src/${room}/**/*.ts`,
);

const impureModules = {
  group: [
    'fs',
    'fs/*',
    'node:*',
    'process',
    'child_process',
    'os',
    'net',
    'http',
    'https',
    'worker_threads',
    'pg',
    '@electric-sql/*',
    'esbuild',
    'ts-morph',
  ],
  message: 'text/, plan/, lint/ and report/ are pure: pass in what they need.',
  allowTypeImports: true,
};

const frameworks = {
  group: [
    'nx',
    'nx/*',
    '@nx/*',
    'commander',
    'ora',
    'picocolors',
    '@flashfusion/db',
    '@flashfusion/cli',
  ],
  message: 'The engine knows Postgres and nothing of Nx or of a terminal.',
};

const engineInside = {
  regex: '^@flashfusion/migrator/(?!(?:graph|output)$)|migrator/src|migrator/dist',
  message:
    "Use the engine's public entries: '@flashfusion/migrator', '@flashfusion/migrator/graph' and '@flashfusion/migrator/output'.",
};

const EXIT_PROPERTY = {
  object: 'process',
  property: 'exit',
  message: 'Only the main file of a command ends the process.',
};

const OUTPUT_PROPERTIES = ['stdout', 'stderr'].map((property) => ({
  object: 'process',
  property,
  message:
    'Write through the output of the command: it survives failed writes and keeps JSON whole.',
}));

/** @param {object[]} patterns */
const restrictImports = (...patterns) => ({
  '@typescript-eslint/no-restricted-imports': ['error', { patterns }],
});

export default defineConfig(
  globalIgnores([
    '**/dist/',
    '**/node_modules/',
    '**/coverage/',
    '**/.nx/',
    '**/.data/',
    '**/fixtures/',
    '**/files/',
    '**/*.template',
  ]),

  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      // Objects are made of closures here, classes are bound where they are handed on.
      '@typescript-eslint/unbound-method': 'off',
      // Functions of a port are async by contract, also where one driver has nothing to await.
      '@typescript-eslint/require-await': 'off',
      // Heavy modules are loaded where they are needed: see docs/adr.
      '@typescript-eslint/no-require-imports': 'off',
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      'no-restricted-properties': ['error', EXIT_PROPERTY],
    },
  },

  // The boundaries of the house.
  { files: ['packages/migrator/src/**/*.ts'], rules: restrictImports(frameworks) },
  {
    files: PURE_ROOMS,
    ignores: ['**/*.spec.ts'],
    rules: restrictImports(frameworks, impureModules),
  },
  {
    files: ['packages/db/src/**/*.ts'],
    rules: restrictImports(engineInside, {
      group: ['@flashfusion/cli', 'commander', 'ora', 'pg', '@electric-sql/*'],
      message: 'The plugin is a thin door into the engine.',
    }),
  },
  {
    files: ['packages/cli/src/**/*.ts'],
    rules: restrictImports(engineInside, {
      group: ['@flashfusion/db', 'nx', 'nx/*', '@nx/*', 'pg', '@electric-sql/*'],
      message: 'ff works without Nx and is a thin door into the engine.',
    }),
  },
  {
    files: ['packages/{cli,db}/src/**/*.ts'],
    rules: { 'no-restricted-properties': ['error', ...OUTPUT_PROPERTIES, EXIT_PROPERTY] },
  },
  {
    files: ['packages/cli/src/main.ts', 'packages/db/src/executors/shared/output.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },

  // Tests may look inside, and hand over wrong values on purpose.
  {
    files: ['**/*.spec.ts', '**/testing/**/*.ts', 'e2e/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
      'no-restricted-properties': 'off',
      'no-console': 'off',
    },
  },
);
