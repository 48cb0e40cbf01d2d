import type { RdmPolicy } from '../libxl/layout.js';
import type { Xl } from './releases.js';

/** What xl makes of `rdm=`; `undefined`: it hands over memory that it never wrote to. */
export interface ReadRdm {
  strategy: 'host' | 'undefined';
  policy: RdmPolicy | 'undefined';
}

/** Every word that libxl has for a policy (libxl_types.idl, rdm_reserve_policy). */
const POLICY_WORDS = new Set(['strict', 'relaxed', 'invalid']);

const isPolicy = (text: string): text is RdmPolicy => text === 'strict' || text === 'relaxed';

/**
 * Reads an RDM_RESERVATION_STRING as xl of a release does (libxlu_pci.c, xlu_rdm_parse).
 *
 * @returns null where xl cannot read it, and goes on as if it were not there
 */
export function readRdm(text: string, { rdm: grammar }: Xl): ReadRdm | null {
  if (grammar === 'strategy-then-policy') {
    const match = /^strategy=host,policy=(strict|relaxed)$/.exec(text);
    return match === null ? null : { strategy: 'host', policy: match[1] as RdmPolicy };
  }
  const read: ReadRdm = { strategy: 'undefined', policy: 'undefined' };
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const [key, value] = [part.slice(0, Math.max(equals, 0)), part.slice(equals + 1)];
    if (key === 'strategy' && value === 'host') read.strategy = 'host';
    else if (key !== 'policy') return null;
    else if (grammar === 'any-order' && isPolicy(value)) read.policy = value;
    else if (grammar === 'any-order' || POLICY_WORDS.has(value.toLowerCase())) return null;
  }
  return read;
}
