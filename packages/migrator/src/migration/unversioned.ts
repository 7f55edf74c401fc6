const unversionedForm = /^0-unversioned-\d+$/;

/**
 * The version of a migration that the original agent recorded without one. It sorts before every real version, so that no
 * pending migration becomes late because of it.
 *
 * @param place counts such migrations from 1, in the order of their first rows
 * @example unversioned(1) // '0-unversioned-1'
 */
export function unversioned(place: number): string {
  return `0-unversioned-${place}`;
}

/** Whether {@link unversioned} made the version. */
export function isUnversioned(version: string): boolean {
  return unversionedForm.test(version);
}
