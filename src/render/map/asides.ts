import type { MapAnswer } from '../../answers/map.js';
import { errnoName } from '../../xen/hypercall/errno.js';
import { type Aside, asidesOf } from '../basics/format.js';

/** What a list of entries has no room for: that the hypercall failed, and what is odd. */
export function mapAsides({ result: { answer }, notes, diagnostics }: MapAnswer): Aside[] {
  const failed =
    answer !== null && answer.rc !== 0
      ? [{ message: `the hypercall failed with -${errnoName(answer.rc)}.`, loud: true } as const]
      : [];
  return [...failed, ...asidesOf(notes, diagnostics)];
}
