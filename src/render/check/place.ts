import type { Finding } from '../../check/check.js';

/** Where a finding is: `offset 112` in the table, or `line 3` of a text that tells of regions alone. */
export const placeText = ({ offset, line }: Finding): string =>
  line === undefined ? `offset ${offset}` : `line ${line}`;
