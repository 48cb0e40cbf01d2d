import { requireObject } from '../base/arguments.js';
import { readHost } from '../evidence/host.js';
import { hostOfLog } from '../evidence/host-of-log.js';
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

/** A source with the facts of the machine that it holds itself: of a captured host's tree, or of a log. */
export const evidenceOf = (source: Source): Evidence => {
  requireSource(source, 'source');
  const { hostTree, log, path } = source;
  const host = hostTree === null ? log && hostOfLog(log, path) : readHost(hostTree);
  return { source, host };
};

/**
 * Refuses, for callers without types, what is no evidence.
 *
 * @param what the argument's name
 * @throws TypeError
 */
export function requireEvidence(evidence: Evidence, what = 'evidence'): void {
  requireObject(evidence, what, { source: 'object', host: 'object or null', own: 'flag?' });
  requireSource(evidence.source, `${what}.source`);
}

const requireSource = (source: Pick<Source, 'kind' | 'path'>, what: string): void =>
  requireObject(source, what, { kind: 'text', path: 'text' });
