import type { GuestAnswer } from '../../answers/guest.js';
import { formatAddress, PAGE_SIZE } from '../../base/address.js';
import { formatSbdf } from '../../base/sbdf.js';
import { csvLine } from '../basics/csv.js';
import type { Format } from '../basics/format.js';
import { guestAsides } from './asides.js';

/**
 * The guest's regions as CSV, the keys of a region in the guest's JSON, in libxl's order; devices are
 * separated by blanks.
 */
export const csv: Format<GuestAnswer> = {
  heading: 'source,start_pfn,nr_pages,base,limit,devices,assigned,policy,fate\n',
  pieces: ({ source, layout }) =>
    layout.regions.map(({ start, size, owners, devices, policy, fate }) =>
      csvLine([
        source.path,
        start / PAGE_SIZE,
        size / PAGE_SIZE,
        formatAddress(start),
        formatAddress(BigInt.asUintN(64, start + size - 1n)),
        owners.join(' '),
        devices.map(formatSbdf).join(' '),
        policy ?? '',
        fate,
      ]),
    ),
  asides: guestAsides,
};
