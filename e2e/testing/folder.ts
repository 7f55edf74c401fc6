import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A throw-away folder of files. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'flashfusion-e2e-'));

  /** Writes a file; objects become JSON. */
  write(path: string, content: string | object): void {
    const target = join(this.path, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(
      target,
      typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`,
    );
  }

  read(path: string): string {
    return readFileSync(join(this.path, path), 'utf8');
  }

  list(path: string): string[] {
    return readdirSync(join(this.path, path)).sort();
  }

  delete(path: string): void {
    rmSync(join(this.path, path), { recursive: true, force: true });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}
