import { startFf, type Running } from '../../../../cli/src/testing/ff';
import { until } from './until';
import type { TestProject } from './project';

/** A real `ff` on a project. */
export interface FfProcess extends Running {
  /** Kills it as nothing can refuse to be killed, and waits until it is gone. */
  kill(): Promise<void>;
  /** Waits until it has said something on standard error. */
  said(text: string): Promise<void>;
  /** Sends a signal again and again until the process is gone. */
  insist(signal: NodeJS.Signals): Promise<void>;
}

/** Starts `ff db …` in the folder of a project, in its environment `test`. */
export function startFfOn({ root }: TestProject, ...args: string[]): FfProcess {
  const running = startFf({ cwd: root }, 'db', ...args, '--env=test');
  const { child, finished } = running;
  let stderr = '';
  child.stderr.on('data', (text: string) => (stderr += text));
  return {
    ...running,
    async kill() {
      child.kill('SIGKILL');
      await finished;
    },
    said: async (text) =>
      void (await until(`ff says "${text}"`, () => Promise.resolve(stderr.includes(text)))),
    async insist(signal) {
      await until(`ff ends by ${signal}`, () => {
        if (child.exitCode === null) child.kill(signal);
        return Promise.resolve(child.exitCode !== null);
      });
    },
  };
}

/** Runs `ff db …` to its end. */
export function ffOn(project: TestProject, ...args: string[]): Running['finished'] {
  return startFfOn(project, ...args).finished;
}
