import { hostname } from 'node:os';

/** A process on a machine. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in milliseconds since 1970: the system reuses process ids. */
  readonly started: number;
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), started: Math.round(performance.timeOrigin) };
}

/** Whether a process of this machine runs. The id of another process may have been reused: then the answer is `true`. */
export function isRunning({ pid, started }: ProcessIdentity): boolean {
  const self = thisProcess();
  // After a container's restart a new process may have the id of the old one.
  if (pid === self.pid) return started === self.started;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
