import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Text of the files of a folder by relative path; a value that is no text is written as JSON. */
export type FileTree = Readonly<Record<string, unknown>>;

/** Folders made for one test, removed by `clean`. */
export class TemporaryFiles {
  readonly #folders: string[] = [];

  /** Makes a folder with these files and gives its absolute path. */
  make(files: FileTree): string {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'flashfusion-')));
    this.#folders.push(root);
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      writeFileSync(join(root, path), text);
    }
    return root;
  }

  clean(): void {
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }
}
