import type { Sbdf } from '../../base/sbdf.js';
import type { FactCollector } from '../logs/facts.js';
import type { LogRegion, LogUnit } from '../logs/log.js';
import type { Text } from '../text.js';

/** Gathers what listings show of a machine and of its regions. */
export interface Listed {
  readonly facts: FactCollector;
  readonly regions: LogRegion[];
  readonly units: LogUnit[];
}

/** Takes what it understands of a text; time grows with the text. */
export type Listing = (text: Text, into: Listed) => void;

/** Adds a region of a listing. */
export function addRegion(
  { regions }: Listed,
  base: bigint,
  limit: bigint,
  devices: readonly Sbdf[] | null,
  line: number,
): void {
  regions.push({ base, limit, devices, log: 'listing', line });
}
