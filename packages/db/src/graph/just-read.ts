import type { ReadFacts } from './read-facts';

/**
 * What createNodes has read, by path of the configuration. createDependencies, which Nx calls next in the same process,
 * need not read the same files again, and remembers it for the next computation: that is its own task because Nx waits for
 * nothing but createNodes, and runs createDependencies of all plugins side by side.
 *
 * One for the process: Nx gives the two hooks no other place to meet.
 */
export const justRead = new Map<string, ReadFacts>();
