import fc from 'fast-check';
import { migration, type Sketch } from './plan.factory';

/** Migrations of api whose dependencies never go round in a circle, whatever their versions. */
export const graphs: fc.Arbitrary<readonly Sketch[]> = fc
  .uniqueArray(fc.integer({ min: 1, max: 999 }), { maxLength: 25 })
  .chain((versions) =>
    fc.tuple(
      ...versions.map((version, index) =>
        fc
          .subarray(versions.slice(0, index), { maxLength: Math.min(4, index) })
          .map((before) => migration(`api:${version}`, ...before.map((one) => `api:${one}`))),
      ),
    ),
  );

/** The same elements in any order. */
export function shuffled<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });
}

/** Migrations of three projects that need each other in any direction, never in a cycle. */
export const projectGraphs: fc.Arbitrary<readonly Sketch[]> = fc
  .uniqueArray(
    fc
      .tuple(fc.constantFrom('api', 'billing', 'users'), fc.integer({ min: 1, max: 12 }))
      .map(([project, version]) => `${project}:${version}`),
    { maxLength: 16 },
  )
  .chain((ids) =>
    fc.tuple(
      ...ids.map((id, index) =>
        fc
          .subarray(ids.slice(0, index), { maxLength: Math.min(3, index) })
          .map((before) => migration(id, ...before)),
      ),
    ),
  );
