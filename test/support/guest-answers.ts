import { createGuest, type GuestOutcome, type GuestQuestion } from '../../src/answers/guest.js';
import { formatAddress } from '../../src/base/address.js';
import { formatSbdf } from '../../src/base/sbdf.js';
import { E820 } from '../../src/machine/host.js';
import { bootXen } from '../../src/xen/boot.js';
import { parseCmdline } from '../../src/xen/cmdline.js';
import { UNKNOWN_MACHINE } from '../../src/xen/machine.js';
import { findRelease } from '../../src/xen/releases.js';
import type { GuestExpectation, LayoutVector } from './guest-vectors.js';
import { tableOf } from './tables.js';

/** A table with one DRHD for all of segment 0 and these RMRRs. */
export const rmrrTable = (rmrrs: LayoutVector['input']['rmrrs']): Uint8Array =>
  tableOf({
    structures: [
      { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed91000' },
      ...rmrrs.map(({ base, limit, devices }) => ({
        name: 'RMRR',
        baseAddress: base,
        limitAddress: limit,
        devices,
      })),
    ],
  });

/** What the library says of a guest on a machine with these RMRRs and nothing else known. */
export function answerForVector(
  question: GuestQuestion,
  rmrrs: LayoutVector['input']['rmrrs'],
  releaseName: string,
): GuestOutcome {
  const release = findRelease(releaseName);
  if (release === null) throw new Error(`no such release: ${releaseName}`);
  const table = rmrrTable(rmrrs);
  return createGuest(
    question,
    bootXen({ dmar: table }, UNKNOWN_MACHINE, release, parseCmdline('', release)),
  );
}

/** What of an answer a vector tells: what libxl does not come to is not compared. */
export function asExpected(
  { layout, refusal, assign }: GuestOutcome,
  { memory, regions }: GuestExpectation,
): GuestExpectation {
  const refused = layout.regions.find(({ fate }) => fate === 'refused');
  return {
    created: refusal === null,
    refusal,
    conflict:
      refusal === 'rdm-conflict' && refused !== undefined ? formatAddress(refused.start) : null,
    assign:
      assign === null
        ? null
        : {
            device: formatSbdf(assign.device),
            errno: assign.errno,
            rmrr_base: formatAddress(assign.rmrrBase),
          },
    memory:
      memory === null
        ? null
        : {
            mmio_start: formatAddress(layout.mmioStart),
            lowmem_end: formatAddress(layout.lowmemEnd),
            highmem_end: layout.highmemEnd === 0n ? null : formatAddress(layout.highmemEnd),
          },
    regions:
      regions === null
        ? null
        : layout.regions.map(({ start, size, fate }) => ({
            start: formatAddress(start),
            size: Number(size),
            exposed: fate === 'exposed' || fate === 'ram-moved',
          })),
    e820: layout.e820.map(({ start, size, type }) => ({
      base: formatAddress(start),
      size: Number(size),
      type: type === E820.ram ? 'RAM' : 'reserved',
    })),
  };
}
