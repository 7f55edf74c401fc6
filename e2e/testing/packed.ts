import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { mustRun } from './run';

/** The root of this repository. */
export const REPOSITORY = resolve(__dirname, '..', '..');

/** The three packages as npm would publish them. */
export interface PackedPackages {
  /** Absolute path of a package's tarball. */
  tarball(name: PackageName): string;
  remove(): void;
}

export const PACKAGE_NAMES = ['migrator', 'db', 'cli'] as const;
export type PackageName = (typeof PACKAGE_NAMES)[number];

interface PackReport {
  readonly name: string;
  readonly filename: string;
}

/** Packs what was built. Build first: `npm test` does. */
export async function packPackages(): Promise<PackedPackages> {
  const folder = mkdtempSync(join(tmpdir(), 'flashfusion-packed-'));
  const { stdout } = await mustRun(
    'npm',
    [
      'pack',
      '--json',
      '--ignore-scripts',
      `--pack-destination=${folder}`,
      ...PACKAGE_NAMES.flatMap((name) => ['-w', `packages/${name}`]),
    ],
    { cwd: REPOSITORY },
  );
  const parsed = JSON.parse(stdout) as PackReport[] | Record<string, PackReport>;
  const reports = Array.isArray(parsed) ? parsed : Object.values(parsed);
  return {
    tarball(name) {
      const report = reports.find((each) => each.name === `@flashfusion/${name}`);
      if (report === undefined) throw new Error(`npm packed no @flashfusion/${name}`);
      return join(folder, report.filename.replace('@', '').replace('/', '-'));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
