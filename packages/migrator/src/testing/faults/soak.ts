import fc from 'fast-check';
import { Client } from 'pg';
import { chosenMajors } from '../postgres-majors';
import { startServer, type EmbeddedServer } from '../embedded-server';
import { startFaultProxy } from './fault-proxy';
import { playScenario } from './play-scenario';
import { CONNECTION_FAULTS, scenarios, type FaultKind, type Scenario } from './scenario';
import { until } from './until';

/** How long, and from which random beginning. */
export interface SoakOptions {
  readonly minutes: number;
  /** No more scenarios than this, however fast they are. */
  readonly runs: number;
  readonly seed: number;
  readonly major: number;
  readonly say: (line: string) => void;
}

/** What a soak has come to. */
export interface SoakResult {
  readonly scenarios: number;
  readonly commands: number;
  readonly faults: Readonly<Record<string, number>>;
  /** What must never happen, with the seed that brings it back. */
  readonly lost: readonly string[];
}

/** All faults: those of the connection, a killed `ff`, and a crash of the server. */
const FAULTS: readonly FaultKind[] = [...CONNECTION_FAULTS, 'kill-runner', 'crash-server'];

/** Plays random scenarios with random faults against a server of its own, until the time or the number is up. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { minutes, runs, seed, major, say } = options;
  const server = await startServer(chosenMajors(String(major))[0] ?? major);
  const proxy = await startFaultProxy(server.port);
  const deadline = performance.now() + minutes * 60_000;
  const faults: Record<string, number> = {};
  const lost: string[] = [];
  let commands = 0;
  let played = 0;
  let told = performance.now();
  try {
    for (; played < runs && performance.now() < deadline; played += 1) {
      const scenarioSeed = seed + played;
      const [scenario] = fc.sample(scenarios(FAULTS), { seed: scenarioSeed, numRuns: 1 });
      if (scenario === undefined) throw new Error('fast-check gives one scenario for each seed.');
      const outcome = await playOn(server, `soak_${played}`, scenario, proxy);
      commands += outcome.commands;
      for (const kind of outcome.faults) faults[kind] = (faults[kind] ?? 0) + 1;
      lost.push(...outcome.lost.map((what) => `seed ${scenarioSeed}: ${what}`));
      if (performance.now() - told > 15_000) {
        told = performance.now();
        say(`${played + 1} scenarios, ${commands} commands, lost ${lost.length}`);
      }
    }
    return { scenarios: played, commands, faults, lost };
  } finally {
    await proxy.stop();
    await server.stop();
  }
}

async function playOn(
  server: EmbeddedServer,
  name: string,
  scenario: Scenario,
  proxy: Awaited<ReturnType<typeof startFaultProxy>>,
) {
  const url = server.url.replace(/\/postgres$/, `/${name}`);
  await onServer(server.url, (client) => client.query(`CREATE DATABASE ${name}`));
  try {
    return await playScenario(scenario, {
      proxy,
      database: {
        url,
        // A connection for each question: no crash can take it away in between.
        query: <Row>(sql: string) =>
          onServer(url, async (client) => (await client.query(sql)).rows as Row[]),
      },
      async crashServer() {
        await server.shutDown('immediate');
        await server.startAgain();
      },
    });
  } finally {
    await onServer(server.url, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
  }
}

async function onServer<T>(url: string, ask: (client: Client) => Promise<T>): Promise<T> {
  const client = await until('the server answers', async () => {
    const candidate = new Client({ connectionString: url });
    candidate.on('error', () => undefined);
    return candidate.connect().then(
      () => candidate,
      () => undefined,
    );
  });
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}
