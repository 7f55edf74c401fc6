import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of this package, off its package.json, which is one folder up from sources and compiled files alike. */
export function readVersion(): string {
  const manifest = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}
