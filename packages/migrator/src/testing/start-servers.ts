import { startServer, type EmbeddedServer } from './embedded-server';
import { chosenMajors } from './postgres-majors';
import { SERVERS_VARIABLE } from './postgres';

declare global {
  // Jest's setup and teardown share nothing but the process.
  var flashfusionServers: EmbeddedServer[] | undefined;
}

/** Jest's global setup: one server of each chosen major for all suites, their urls handed to the workers by environment. */
export default async function startServers(): Promise<void> {
  const majors = chosenMajors(process.env['FLASHFUSION_POSTGRES_MAJORS']);
  const servers = await Promise.all(majors.map((major) => startServer(major)));
  globalThis.flashfusionServers = servers;
  process.env[SERVERS_VARIABLE] = JSON.stringify(
    servers.map(({ major, url, port }) => ({ major, url, port })),
  );
}
