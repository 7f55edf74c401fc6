import './start-servers';

/** Jest's global teardown. */
export default async function stopServers(): Promise<void> {
  await Promise.all((globalThis.flashfusionServers ?? []).map((server) => server.stop()));
}
