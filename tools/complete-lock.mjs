/**
 * Adds to package-lock.json the optional platform packages that npm leaves out when a registry does not answer for
 * them, so that `npm ci` accepts the lock file on every machine (https://github.com/npm/cli/issues/4828).
 * An added entry has no integrity; the next `npm install` on that platform fills it in.
 *
 * Usage: node tools/complete-lock.mjs   (after `npm install`; prints what it added)
 */
import { readFileSync, writeFileSync } from 'node:fs';

const SYSTEMS = {
  darwin: 'darwin',
  linux: 'linux',
  win32: 'win32',
  windows: 'win32',
  freebsd: 'freebsd',
  android: 'android',
  openharmony: 'openharmony',
  openbsd: 'openbsd',
  netbsd: 'netbsd',
  sunos: 'sunos',
  aix: 'aix',
};
const PROCESSORS = {
  x64: 'x64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: 'ia32',
  ppc64: 'ppc64',
  s390x: 's390x',
  riscv64: 'riscv64',
  loong64: 'loong64',
  mips64el: 'mips64el',
  wasm32: 'wasm32',
  universal: undefined,
};

/** What a platform package's name says of the machine it is for; `undefined` for any other package. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = words.map((word) => SYSTEMS[word]).find((value) => value !== undefined);
  const cpu = words.map((word) => PROCESSORS[word]).find((value) => value !== undefined);
  if (os === undefined || cpu === undefined) return undefined;
  const libc = words.includes('musl')
    ? 'musl'
    : words.includes('gnu') && os === 'linux'
      ? 'glibc'
      : undefined;
  return { os, cpu, libc };
}

/** Folders in which Node would look for a dependency of the package at `path`, innermost first. */
function lookupPaths(path, name) {
  const paths = [];
  for (
    let folder = path;
    ;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))
  ) {
    if (folder === '' || !folder.includes('node_modules'))
      return [...paths, `node_modules/${name}`];
    paths.push(`${folder}/node_modules/${name}`);
    if (!folder.includes('/node_modules/')) return [...paths, `node_modules/${name}`];
  }
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const added = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const platform = platformOf(name);
    const version = range.replace(/^[\^~]/, '');
    if (platform === undefined || !/^\d+\.\d+\.\d+/.test(version)) continue;
    const paths = lookupPaths(path, name);
    const found = paths.map((candidate) => lock.packages[candidate]).find(Boolean);
    if (found !== undefined && (found.version === version || range !== version)) {
      if (found.version.split('.')[0] === version.split('.')[0]) continue;
    }
    const target =
      lock.packages[`node_modules/${name}`] === undefined ? `node_modules/${name}` : paths[0];
    lock.packages[target] = {
      version,
      cpu: [platform.cpu],
      ...(platform.libc === undefined ? {} : { libc: [platform.libc] }),
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
      os: [platform.os],
    };
    added.push(`${target}@${version}`);
  }
}
const sorted = Object.entries(lock.packages).sort(([left], [right]) =>
  left.localeCompare(right, 'en'),
);
if (added.length > 0) {
  lock.packages = Object.fromEntries(sorted);
  writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(added.length === 0 ? 'package-lock.json is complete' : `added:\n${added.join('\n')}`);
