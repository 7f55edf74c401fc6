import type { Session } from '../../database/database';

/** Makes a session write history rows as if that role had logged in. `jest.restoreAllMocks()` undoes it. */
export function connectAs(session: Session, role: string): void {
  jest.spyOn(session, 'asLoginSql', 'get').mockReturnValue(`SET LOCAL role TO ${role}`);
}
