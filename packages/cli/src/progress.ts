import type { Ora } from 'ora';
import { foreignValue, type RunEvent, type RunListener } from '@flashfusion/migrator';
import type { OutputStream } from './surroundings';

export interface ProgressOptions {
  /** Where progress goes: standard error. */
  readonly stream: OutputStream;
  /** `line`: one line that keeps changing, for a terminal; `log`: a line for each event, for everything else. */
  readonly kind: 'line' | 'log';
  readonly verbose: boolean;
  /** The event as a sentence; `undefined` for one that is not worth a line. */
  readonly format: (event: RunEvent) => string | undefined;
}

/** Tells of a run while it goes on. */
export interface Progress {
  readonly onEvent: RunListener;
  /** Writes a line, above the progress line where there is one. */
  say(line: string): void;
  /** Takes the progress line away. Nothing is written after it. */
  stop(): void;
}

/** Makes the progress of one command. Loads `ora` only when there is something to wait for. */
export function createProgress(options: ProgressOptions): Progress {
  return options.kind === 'line' ? new ProgressLine(options) : new ProgressLog(options);
}

class ProgressLog implements Progress {
  constructor(private readonly options: ProgressOptions) {}

  readonly onEvent = (event: RunEvent): void => {
    if (!isWorthSaying(event, this.options.verbose)) return;
    const line = this.options.format(event);
    if (line !== undefined) this.say(line);
  };

  say(line: string): void {
    this.options.stream.write(`${line}\n`);
  }

  stop(): void {}
}

class ProgressLine implements Progress {
  private spinner: Ora | undefined;
  private loading: Promise<void> | undefined;
  private text = '';
  private counter = '';
  private name = '';
  private stopped = false;

  constructor(private readonly options: ProgressOptions) {}

  readonly onEvent = (given: RunEvent): void => {
    const event = foreignValue(given);
    const text = this.textOf(event);
    if (text !== undefined) {
      this.show(text);
      return;
    }
    if (!isWorthSaying(event, this.options.verbose) || !isKept(event)) return;
    const line = this.options.format(event);
    if (line !== undefined) this.say(line);
  };

  say(line: string): void {
    this.spinner?.clear();
    this.options.stream.write(`${line}\n`);
    this.spinner?.render();
  }

  stop(): void {
    this.stopped = true;
    this.spinner?.stop();
  }

  /** What the line says from now on; `undefined` where the event does not change it. */
  private textOf(event: RunEvent): string | undefined {
    switch (event.type) {
      case 'waiting-for-runner':
        return this.options.format(event);
      case 'migration-started':
        this.counter = `(${event.index + 1}/${event.total})`;
        this.name = event.name;
        return `${this.counter} ${event.action === 'apply' ? 'applying' : 'reverting'} ${event.name}`;
      case 'migration-progress':
      case 'migration-waiting': {
        const detail = this.options.format(event);
        return detail === undefined ? undefined : `${this.counter} ${detail}`;
      }
      case 'migration-retrying':
        return `${this.counter} ${this.options.format(event) ?? `trying ${this.name} again`}`;
      default:
        return undefined;
    }
  }

  private show(text: string): void {
    this.text = text;
    if (this.spinner !== undefined) this.spinner.text = text;
    else this.loading ??= this.start();
  }

  private async start(): Promise<void> {
    const { default: ora } = await import('ora');
    if (this.stopped) return;
    // Not ora's own way with the keyboard: in raw mode Ctrl-C would reach nobody but us.
    const spinner = ora({ stream: this.options.stream, discardStdin: false, text: this.text });
    this.spinner = spinner.start();
  }
}

function isWorthSaying(event: RunEvent, verbose: boolean): boolean {
  return verbose || event.type !== 'migration-log' || event.level !== 'debug';
}

/** On a terminal the result follows at once and tells what was done: only what it does not tell is kept above it. */
function isKept(event: RunEvent): boolean {
  return (
    event.type === 'connecting' ||
    event.type === 'migration-log' ||
    event.type === 'migration-message' ||
    event.type === 'migration-messages' ||
    event.type === 'reconnecting'
  );
}
