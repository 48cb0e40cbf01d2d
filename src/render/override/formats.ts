import type { OverrideAnswer } from '../../answers/override.js';
import type { Formats } from '../basics/format.js';
import type { Way } from './ways.js';

/** A file that was made of a changed table. */
export interface MadeFile {
  readonly path: string;
  readonly kind: 'table' | 'initrd' | 'grub' | 'opencore';
  /** Bytes. */
  readonly length: number;
}

/** A changed table, what comes of it, and what was made of it. */
export interface OverrideReport extends OverrideAnswer {
  readonly files: readonly MadeFile[];
  /** Whether the change is to be shown field by field. */
  readonly dryRun: boolean;
  /** How to have it loaded, where that was asked for. */
  readonly way: Way | null;
}

/** How a changed table, and what comes of it, is written down. */
export const OVERRIDE_FORMATS: Formats<OverrideReport> = {
  table: async () => (await import('./table.js')).table,
  json: async () => (await import('./json.js')).json,
};
