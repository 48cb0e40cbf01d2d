import type { Source } from '../evidence/source.js';
import type { Host } from '../machine/host.js';

/** What a question is put to. */
export interface Evidence {
  readonly source: Source;
  /** What is known of the machine that the source is about; null where nothing is. */
  readonly host: Host | null;
  /** false: the host stands beside the source, and is not known to have booted with it. */
  readonly own?: boolean | undefined;
}
