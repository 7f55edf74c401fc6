import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findConfigFile } from '../config/config-file';
import { MigratorError } from '../errors';
import { writeNewFile } from './write-new-file';

const CONFIG_FILE = 'db.config.ts';

/** The files of a new configuration, by path relative to the project's folder. */
export const CONFIGURATION_FILES: Readonly<Record<string, string>> = {
  [CONFIG_FILE]: `import { defineConfig } from '@flashfusion/migrator';

export default defineConfig({
  migrations: './migrations',
  environments: {
    // Embedded, in the workspace's .data folder: there is nothing to install.
    development: { url: 'pglite:.data/development' },
    staging: { url: { env: 'STAGING_DATABASE_URL' } },
    production: { url: { env: 'PRODUCTION_DATABASE_URL' }, protected: true },
  },
});
`,
  '.env.example': `# Where the databases of db.config.ts are. Copy this file to .env.local in this folder: Nx tasks and ff read it, and git
# ignores it. A variable that is set in the environment, as in your CI, wins. Write a dollar sign in a value as \\$.
# Use direct connections: migrations refuse a pooler in transaction mode.
STAGING_DATABASE_URL=postgres://migrator:password@localhost:5432/staging
PRODUCTION_DATABASE_URL=postgres://migrator:password@db.example.com:5432/production?sslmode=verify-full
`,
  'migrations/.gitkeep': '',
};

/** What git has to ignore: embedded databases and files with secrets. */
export const IGNORED_FILES: readonly string[] = [
  '.data',
  '.env.local',
  '.env.*.local',
  '*.local.env',
];

/** Broader patterns, which ignore the same files. */
const BROADER: Readonly<Record<string, readonly string[]>> = {
  '.env.local': ['.env*', '.env.*', '*.local', '.env*.local'],
  '.env.*.local': ['.env*', '.env.*', '*.local', '.env*.local'],
  '*.local.env': ['*.env', '*.local.*', '*.local*'],
};

/**
 * Adds lines to a .gitignore, without duplicates and without those that a broader line covers.
 *
 * @param text the file's text; `''` if there is none
 * @param patterns the lines to add
 * @returns the new text, the same if nothing is missing
 */
export function withIgnored(text: string, patterns: readonly string[]): string {
  const present = new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/^\/|\/$/g, '')));
  const missing = patterns.filter(
    (pattern) => ![pattern, ...(BROADER[pattern] ?? [])].some((line) => present.has(line)),
  );
  if (missing.length === 0) return text;
  const separator = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${separator}${missing.join('\n')}\n`;
}

/**
 * Gives a project without `db.config.*` a configuration: `db.config.ts`, `.env.example`, `migrations/`, and lines in the
 * workspace's .gitignore. Never replaces a file.
 *
 * @param projectRoot the project's folder, absolute
 * @param workspaceRoot where .gitignore is, absolute
 * @returns absolute path of the new `db.config.ts`; `undefined` if the project already has a configuration
 * @throws {MigratorError} `PROJECT_NOT_FOUND`; `INVALID_CONFIG` if the folder contains two configurations
 */
export async function writeConfiguration(
  projectRoot: string,
  workspaceRoot: string,
): Promise<string | undefined> {
  if ((await findConfigFile(projectRoot)) !== undefined) return undefined;
  const path = join(projectRoot, CONFIG_FILE);
  const { [CONFIG_FILE]: config = '', ...others } = CONFIGURATION_FILES;
  // Of several processes one writes it, and only that one writes the rest.
  if (!(await writeUnlessPresent(path, config))) return undefined;
  for (const [name, text] of Object.entries(others)) {
    await writeUnlessPresent(join(projectRoot, name), text);
  }
  const gitignore = join(workspaceRoot, '.gitignore');
  const text = await readFile(gitignore, 'utf8').catch(() => '');
  const added = withIgnored(text, IGNORED_FILES).slice(text.length);
  if (added !== '') await appendFile(gitignore, added);
  return path;
}

async function writeUnlessPresent(path: string, text: string): Promise<boolean> {
  try {
    await writeNewFile(path, text);
    return true;
  } catch (error) {
    if (!(error instanceof MigratorError) || error.code !== 'FILE_EXISTS') throw error;
    return false;
  }
}
