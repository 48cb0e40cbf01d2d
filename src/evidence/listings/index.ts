import { edk2 } from './edk2.js';
import { fragment } from './fragment.js';
import { freebsd } from './freebsd.js';
import { iomem } from './iomem.js';
import type { Listing } from './listing.js';
import { lspci } from './lspci.js';
import { reservedRegions } from './reserved-regions.js';

/** All listings that show facts of a machine, or its regions without the table. */
export const LISTINGS: readonly Listing[] = [
  lspci,
  reservedRegions,
  iomem,
  fragment,
  freebsd,
  edk2,
];
