/**
 * Releases the three packages under one version: what CHANGELOG.md has under "Unreleased" becomes the version's section, then
 * `nx release` writes the versions, commits and tags. Nothing is pushed or published.
 *
 * Usage: node tools/release.mjs 0.2.0 [--dry-run]
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const [version = '', ...rest] = process.argv.slice(2);
const isDryRun = rest.includes('--dry-run');
if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
  console.error('Usage: node tools/release.mjs <version> [--dry-run], for example 0.2.0');
  process.exit(2);
}

const changelog = readFileSync('CHANGELOG.md', 'utf8');
const [, unreleased = ''] = /^## \[Unreleased\]\n([^]*?)(?=^## \[|$(?![^]))/m.exec(changelog) ?? [];
if (unreleased.trim() === '') {
  console.error('CHANGELOG.md has nothing under "Unreleased".');
  process.exit(2);
}
const heading = `## [${version}] - ${new Date().toISOString().slice(0, 10)}`;
console.log(`${heading}\n${unreleased.trimEnd()}`);
if (!isDryRun) {
  const released = changelog.replace('## [Unreleased]\n', `## [Unreleased]\n\n${heading}\n`);
  writeFileSync('CHANGELOG.md', released);
  run('git', 'add', 'CHANGELOG.md');
}
run('npx', 'nx', 'release', version, '--skip-publish', ...rest);

function run(program, ...args) {
  const { status } = spawnSync(program, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
