import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PACKAGE_NAMES, packPackages, type PackageName, type PackedPackages } from './packed';
import { mustRun } from './run';

/** The packages as npm's registry would serve them, and nothing else; for this machine alone. */
export interface Registry {
  /** Where it is, with a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** What a package manager is given for a path. */
interface Answer {
  readonly type: 'application/json' | 'application/octet-stream';
  readonly body: string | Buffer;
}

/** When everything was published: yarn 4 and pnpm 11 install nothing that is younger than a day. */
const LONG_AGO = '2025-01-01T00:00:00.000Z';

/** Packs the packages and serves them: each with its one version, which is also `latest`. */
export async function serveRegistry(): Promise<Registry> {
  const packages = await packPackages();
  const answers = new Map<string, Answer>();
  const server = createServer(({ url = '' }, response) => {
    const answer = answers.get(decodeURIComponent(url));
    response.writeHead(answer === undefined ? 404 : 200, {
      'content-type': answer?.type ?? 'application/json',
      'cache-control': 'no-store', // another run may have this port, and other packages
    });
    response.end(answer?.body ?? '{"error":"Not found"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  for (const name of PACKAGE_NAMES) await publish(name, packages, { url, answers });

  return {
    url,
    async close() {
      server.close();
      server.closeAllConnections(); // those that a package manager keeps alive
      await once(server, 'close');
      packages.remove();
    },
  };
}

/** https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md */
async function publish(
  name: PackageName,
  packages: PackedPackages,
  { url, answers }: { readonly url: string; readonly answers: Map<string, Answer> },
): Promise<void> {
  const path = packages.tarball(name);
  const { stdout } = await mustRun('tar', ['-xzOf', path, 'package/package.json'], { cwd: '.' });
  const manifest = JSON.parse(stdout) as { readonly name: string; readonly version: string };
  const tarball = readFileSync(path);
  const shasum = createHash('sha1').update(tarball).digest('hex');
  // The same version has another content tomorrow: its address says which, for caches that go by the address.
  const place = `/${shasum}/${name}-${manifest.version}.tgz`;
  const dist = {
    tarball: new URL(place, url).href,
    shasum,
    integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
  };
  const packument = {
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist } },
    time: { [manifest.version]: LONG_AGO },
  };
  answers.set(place, { type: 'application/octet-stream', body: tarball });
  answers.set(`/${manifest.name}`, { type: 'application/json', body: JSON.stringify(packument) });
}
