import { readFileSync } from 'node:fs';
import { join } from 'node:path';

let version: string | undefined;

/** The version of this package, for the `agent_version` column. */
export function agentVersion(): string {
  if (version === undefined) {
    // The same depth from src/history and from dist/history.
    const manifest = readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8');
    version = (JSON.parse(manifest) as { version: string }).version;
  }
  return version;
}
