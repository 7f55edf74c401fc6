import fc from 'fast-check';
import { Client } from 'pg';
import { chosenMajors } from '../postgres-majors';
import { startServer, type EmbeddedServer } from '../embedded-server';
import { startFaultProxy } from './fault-proxy';
import { playScenario, type Played } from './play-scenario';
import {
  CONNECTION_FAULTS,
  HISTORY_FAULTS,
  scenarios,
  type FaultKind,
  type Scenario,
} from './scenario';
import { until } from './until';

/** How long, and from which random beginning. */
export interface SoakOptions {
  readonly minutes: number;
  /** No more scenarios than this, however fast they are. */
  readonly runs: number;
  /** No further scenario once so many faults have struck. */
  readonly faults: number;
  readonly seed: number;
  readonly major: number;
  /** How many scenarios are played at a time, each lane on a server of its own. */
  readonly lanes: number;
  readonly say: (line: string) => void;
}

/** What a soak has come to. */
export interface SoakResult {
  readonly scenarios: number;
  readonly commands: number;
  /** Faults that struck, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Hazards that were met, by kind. */
  readonly hazards: Readonly<Record<string, number>>;
  /** What must never happen, with the seed that brings it back. */
  readonly lost: readonly string[];
}

/** All faults: those of the connection and the history, a killed `ff`, and a crash of the server. Fast ones are drawn more often. */
const FAULTS: readonly FaultKind[] = [
  ...CONNECTION_FAULTS,
  ...CONNECTION_FAULTS,
  ...HISTORY_FAULTS,
  'kill-runner',
  'crash-server',
];

/** Plays random scenarios with random faults against servers of its own, until the time or a number is reached. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { minutes, runs, seed, lanes, say } = options;
  const deadline = performance.now() + minutes * 60_000;
  const tally = { scenarios: 0, commands: 0, struck: 0 };
  const faults: Record<string, number> = {};
  const hazards: Record<string, number> = {};
  const lost: string[] = [];
  let begun = 0;
  let said = performance.now();
  const isEnough = () =>
    begun >= runs || tally.struck >= options.faults || performance.now() > deadline;

  const note = (scenarioSeed: number, outcome: Played) => {
    tally.scenarios += 1;
    tally.commands += outcome.commands;
    tally.struck += outcome.faults.length;
    for (const kind of outcome.faults) faults[kind] = (faults[kind] ?? 0) + 1;
    for (const kind of outcome.hazards) hazards[kind] = (hazards[kind] ?? 0) + 1;
    const found = outcome.lost.map((what) => `seed ${scenarioSeed}: ${what}`);
    for (const what of found) say(what);
    lost.push(...found);
    if (performance.now() - said < 30_000) return;
    said = performance.now();
    const { scenarios, commands, struck } = tally;
    say(`${scenarios} scenarios, ${commands} commands, ${struck} faults, lost ${lost.length}`);
  };
  const playLane = async () => {
    const server = await startServer(chosenMajors(String(options.major))[0] ?? options.major);
    const proxy = await startFaultProxy(server.port);
    try {
      while (!isEnough()) {
        const scenarioSeed = seed + begun++;
        const [scenario] = fc.sample(scenarios(FAULTS), { seed: scenarioSeed, numRuns: 1 });
        if (scenario === undefined) throw new Error('fast-check gives one scenario for each seed.');
        const played = playOn(server, `soak_${scenarioSeed}`, scenario, proxy);
        note(scenarioSeed, await played.catch(unfinished));
      }
    } finally {
      await proxy.stop();
      await server.stop();
    }
  };
  await Promise.all(Array.from({ length: lanes }, playLane));
  const { scenarios: played, commands } = tally;
  return { scenarios: played, commands, faults, hazards, lost };
}

/** A scenario that could not be played to its end is a find, too. */
function unfinished(error: unknown): Played {
  const what = `not finished: ${String((error as Error | null)?.stack ?? error)}`;
  return { commands: 0, faults: [], hazards: [], lost: [what] };
}

async function playOn(
  server: EmbeddedServer,
  name: string,
  scenario: Scenario,
  proxy: Awaited<ReturnType<typeof startFaultProxy>>,
) {
  const url = server.url.replace(/\/postgres$/, `/${name}`);
  await onServer(server.url, (client) => client.query(`CREATE DATABASE ${name}`));
  const asker = lastingClient(url);
  try {
    return await playScenario(scenario, {
      proxy,
      database: {
        url,
        query: <Row>(sql: string) => asker.query(sql) as Promise<Row[]>,
      },
      async crashServer() {
        await server.shutDown('immediate');
        await server.startAgain();
      },
    });
  } finally {
    await asker.end();
    await onServer(server.url, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
  }
}

/** One connection for all questions, made anew after a crash of the server. */
function lastingClient(url: string) {
  let client: Client | undefined;
  const connect = async () => {
    const made = await connected(url);
    made.on('end', () => {
      if (client === made) client = undefined;
    });
    return (client = made);
  };
  return {
    async query(sql: string): Promise<unknown[]> {
      const used = client ?? (await connect());
      try {
        return (await used.query(sql)).rows as unknown[];
      } catch (error) {
        // A crash of the server is noticed by the first question after it.
        if (!isLoss(error)) throw error;
        return (await (await connect()).query(sql)).rows as unknown[];
      }
    },
    end: async () => client?.end(),
  };
}

function isLoss(error: unknown): boolean {
  return error instanceof Error && /terminat|closed|ECONNRESET|EPIPE/.test(error.message);
}

async function onServer<T>(url: string, ask: (client: Client) => Promise<T>): Promise<T> {
  const client = await connected(url);
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}

function connected(url: string): Promise<Client> {
  return until('the server answers', async () => {
    const candidate = new Client({ connectionString: url });
    candidate.on('error', () => undefined);
    return candidate.connect().then(
      () => candidate,
      () => undefined,
    );
  });
}
