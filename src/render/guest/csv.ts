import type { GuestAnswer } from '../../answers/guest.js';
import { formatAddress, PAGE_SIZE } from '../../base/address.js';
import { formatSbdf } from '../../base/sbdf.js';
import { csvLine } from '../basics/csv.js';

/** Names of the columns: keys of a region in the guest's JSON. */
export const GUEST_CSV_HEADING =
  'source,start_pfn,nr_pages,base,limit,devices,assigned,policy,fate\n';

/**
 * The guest's regions as CSV, a line each, in libxl's order; devices are separated by blanks.
 *
 * @param path the source, to tell several apart
 */
export const guestToCsv = (path: string, { layout }: GuestAnswer): string =>
  layout.regions
    .map(({ start, size, owners, devices, policy, fate }) =>
      csvLine([
        path,
        start / PAGE_SIZE,
        size / PAGE_SIZE,
        formatAddress(start),
        formatAddress(BigInt.asUintN(64, start + size - 1n)),
        owners.join(' '),
        devices.map(formatSbdf).join(' '),
        policy ?? '',
        fate,
      ]),
    )
    .join('');
