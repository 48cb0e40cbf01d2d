import type { MapAnswer } from '../../answers/map.js';
import { errnoName } from '../../xen/hypercall/errno.js';
import { iommuName } from '../../xen/rdm-map.js';
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

function whyOff({ result: { xen, stop } }: MapAnswer): string {
  if (stop !== null) {
    const does = stop.phase === 'boot' ? 'does not boot' : 'crashes when it is asked';
    return `Xen ${xen.release.name} ${does}: ${stop.why}.`;
  }
  const because =
    xen.failure === null
      ? (xen.off ?? '')
      : `Xen ${xen.release.name} refuses this table. ${xen.failure.message}`;
  return `${iommuName(xen)} is off, so no region is reported to any guest. ${because}`.trim();
}
