/** The commands that hints name. */
export type CommandName = 'migrate' | 'rollback' | 'status' | 'repair' | 'baseline';

/**
 * Who reads the hints. `nx` and `ff` name commands of that front end only; `program` names both, because a program that calls the
 * engine does not know what its users have.
 */
export type FrontEnd = {
  /** The environment that a command without one works on. Default `development`. */
  readonly defaultEnvironment?: string;
} & (
  | { readonly kind: 'program' | 'ff' }
  | {
      readonly kind: 'nx';
      /** The project's name in Nx and the name of its target; both can differ from the history's. */
      readonly targetOf: (command: CommandName, project: string) => string;
    }
);

/** A process has one front end. */
let frontEnd: FrontEnd = { kind: 'program' };

/** Sets whose commands hints name from now on, in the whole process. */
export function nameCommandsFor(front: FrontEnd): void {
  frontEnd = front;
}

/** Whose commands hints name. */
export function currentFrontEnd(): FrontEnd {
  return frontEnd;
}
