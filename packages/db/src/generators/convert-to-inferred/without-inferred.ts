import type { TargetConfiguration } from '@nx/devkit';
import { isDeepStrictEqual } from 'node:util';

/**
 * What is left of a target when everything that the plugin infers alike is taken away; `undefined` when nothing is. Nx
 * merges `options` and `configurations` key by key, so they are compared key by key.
 */
export function withoutInferred(
  explicit: TargetConfiguration,
  inferred: TargetConfiguration,
): TargetConfiguration | undefined {
  const rest = {
    ...different(explicit, inferred),
    options: different(explicit.options, inferred.options),
    configurations: different(explicit.configurations ?? {}, inferred.configurations ?? {}),
  };
  const kept = Object.entries(rest).filter(
    ([key, value]) => !(['options', 'configurations'].includes(key) && isEmpty(value)),
  );
  return kept.length === 0 ? undefined : (Object.fromEntries(kept) as TargetConfiguration);
}

function different(explicit: unknown, inferred: unknown): Record<string, unknown> {
  const known = (inferred ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(explicit ?? {}).filter(([key, value]) => !isDeepStrictEqual(value, known[key])),
  );
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
