/** A regular file of an archive. */
export interface TarEntry {
  readonly path: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

const BLOCK = 512;

/** Reads the regular files of a plain ustar archive, such as PGlite's extension bundles are. */
export function* untar(archive: Buffer): Generator<TarEntry> {
  for (let at = 0; at + BLOCK <= archive.length;) {
    const text = (from: number, length: number) =>
      archive.toString('utf8', at + from, at + from + length).replace(/\0.*$/s, '');
    const name = text(0, 100);
    // Two empty blocks end an archive.
    if (name === '') return;
    const size = Number.parseInt(text(124, 12), 8);
    const type = text(156, 1);
    const prefix = text(345, 155);
    const path = (prefix === '' ? name : `${prefix}/${name}`).replace(/^\.\//, '');
    const start = at + BLOCK;
    if (type === '0' || type === '') {
      yield { path, data: Uint8Array.from(archive.subarray(start, start + size)) };
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}
