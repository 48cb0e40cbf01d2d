import type { MapAnswer } from '../../answers/map.js';
import { errnoName } from '../../xen/hypercall/errno.js';
import { type Aside, asidesOf } from '../basics/format.js';

/** What a list of entries has no room for: that VT-d is off, that the hypercall failed, and what is odd. */
export function mapAsides(answer: MapAnswer): Aside[] {
  const loud: string[] = [];
  if (answer.vtd === 'disabled') loud.push(whyOff(answer));
  const { rc } = answer.result.answer ?? { rc: 0 };
  if (rc !== 0) loud.push(`the hypercall failed with -${errnoName(rc)}.`);
  return [
    ...loud.map((message) => ({ message, loud: true }) as const),
    ...asidesOf(answer.notes, answer.diagnostics),
  ];
}

function whyOff({ result: { xen } }: MapAnswer): string {
  if (xen.outcome !== 'ok') return `Xen ${xen.release.name} does not boot: ${xen.why}.`;
  const because =
    xen.failure === null
      ? (xen.off ?? '')
      : `Xen ${xen.release.name} refuses this table. ${xen.failure.message}`;
  return `VT-d is off, so no region is reported to any guest. ${because}`.trim();
}
