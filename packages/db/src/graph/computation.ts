import type { Look } from './facts-cache';
import type { ProjectOwners } from './project-owners';
import type { ReadFacts } from './read-facts';
import type { TaskOrder } from './task-order';

/**
 * What the hooks of one computation of the graph share. Nx calls createNodes and then createDependencies in the same
 * process, and gives them no other place to meet.
 */
export const computation = {
  /**
   * How closely to look. A first computation trusts a quick look, since a command that comes and goes should be quick. From
   * the second one on this is a process that stays, Nx's daemon, while somebody edits files: there the look is thorough,
   * and nobody waits for it. What the quick one can miss, an older migration edited in place while no daemon ran,
   * createDependencies is told of: the edge is right at once, and the explicit `dependsOn` with the next command. `migrate`
   * checks its prerequisites in any case.
   */
  look: undefined as Look | undefined,

  /**
   * What createNodes has read, by path of the configuration. createDependencies need not read the same files again, and
   * remembers it for the next computation: that is its own task because Nx waits for nothing but createNodes, and runs
   * createDependencies of all plugins side by side.
   */
  read: new Map<string, ReadFacts>(),

  /** Which projects the names in migrations mean, as createNodes found them. */
  owners: new Map() as ProjectOwners,

  /** The projects whose migrations need each other, as createNodes found them. */
  circular: new Map() as TaskOrder['circular'],

  /** @returns how closely to look in the computation that begins now */
  begin(): Look {
    this.look = this.look === undefined ? 'quick' : 'thorough';
    return this.look;
  },
};
