/**
 * What createNodes has read a moment ago, so that createDependencies, which Nx calls next in the same process, need not
 * read the same files again. Each is handed out once: later the file may have changed.
 */
class JustRead {
  private readonly dependencies = new Map<string, readonly string[]>();

  remember(dependencies: ReadonlyMap<string, readonly string[]>): void {
    for (const [path, ids] of dependencies) this.dependencies.set(path, ids);
  }

  take(path: string): readonly string[] | undefined {
    const ids = this.dependencies.get(path);
    this.dependencies.delete(path);
    return ids;
  }

  clear(): void {
    this.dependencies.clear();
  }
}

/** One for the process: Nx gives the two hooks no other place to meet. */
export const justRead = new JustRead();
