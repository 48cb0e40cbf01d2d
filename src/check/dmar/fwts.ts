import { SCOPE_ENDPOINT, SCOPE_HPET, SCOPE_SUB_HIERARCHY } from '../../acpi/dmar/device-scope.js';
import { dmarHeader } from '../../acpi/dmar/header.js';
import type { PciTopology } from '../../machine/pci-topology.js';

/** What fwts' dmar test complains of, by the name of the failure, or that it never ends. */
export type FwtsComplaint =
  | 'InvalidDMAR'
  | 'InvalidDRHDRegAddr'
  | 'MultipleDRHDSFlag'
  | 'InvalidRMRRRangeAddr'
  | 'InvalidDevScope'
  | 'Unknown device scope type'
  | 'DevScopeDevNotFound'
  | 'DevScopeTypeNoMatch'
  | 'hang';

/** Bytes of a structure before its device scope, and of the shortest entry. */
const FIXED = { drhd: 16, rmrr: 24, scope: 8, scopeHeader: 6 } as const;
const PAGE_MASK = 0xfffn;

/** What ends the test: a complaint, or null for the end of a structure that it does not understand. */
type Ending = FwtsComplaint | 'quiet' | null;

/**
 * The complaint at which fwts' dmar test ends (src/acpi/dmar/dmar.c: it looks at DRHDs and RMRRs in the order of the
 * table, and reads no further than the first that is wrong); null where it has none.
 *
 * @param bytes the table from its signature on; what lies behind them reads as 0
 * @param pci the machine's functions; null where they are not known, and every device is taken to be as it is named
 */
export function fwtsComplaint(bytes: Uint8Array, pci: PciTopology | null): FwtsComplaint | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u8 = (at: number) => bytes[at] ?? 0;
  const u16 = (at: number) => u8(at) + 0x100 * u8(at + 1);
  const u64 = (at: number) => (at + 8 <= bytes.length ? view.getBigUint64(at, true) : 0n);
  const end = bytes.length < 8 ? 0 : Math.min(view.getUint32(4, true), bytes.length);
  if (end <= dmarHeader.fixedLength) return 'InvalidDMAR';

  /** Whether a path leads to a bridge; null where it leads nowhere. */
  const leadsToBridge = (segment: number, at: number, hops: number): boolean | null => {
    let bus = u8(at + 5);
    for (let i = 0; i < hops; i++) {
      const hop = at + FIXED.scopeHeader + 2 * i;
      const [device, func] = [u8(hop), u8(hop + 1)];
      const fn = device > 31 || func > 7 ? null : (pci?.get(segment, bus, device, func) ?? null);
      if (fn === null) return null;
      const isBridge = ((fn.config[0x0e] ?? 0) & 0x7f) === 1;
      if (i === hops - 1) return isBridge;
      if (!isBridge) return null;
      bus = fn.config[0x19] ?? 0;
    }
    return null;
  };

  const entry = (segment: number, at: number): Ending => {
    const [type, length] = [u8(at), u8(at + 1)];
    if (length < FIXED.scope) return 'InvalidDevScope';
    if (type > SCOPE_HPET) return 'Unknown device scope type';
    if (type > SCOPE_SUB_HIERARCHY) return 'quiet';
    if (pci === null) return null;
    const bridge = leadsToBridge(segment, at, Math.floor((length - FIXED.scopeHeader) / 2));
    if (bridge === null) return 'DevScopeDevNotFound';
    const contradicts =
      (type === SCOPE_ENDPOINT && bridge) || (type === SCOPE_SUB_HIERARCHY && !bridge);
    return contradicts ? 'DevScopeTypeNoMatch' : null;
  };

  const scopes = (segment: number, start: number, after: number): Ending => {
    for (let at = start; at < after; at += u8(at + 1)) {
      const ending = entry(segment, at);
      if (ending !== null) return ending;
    }
    return null;
  };

  let includesAll = false;
  const structure = (at: number, length: number): Ending => {
    const segment = u16(at + 6);
    const base = u64(at + 8);
    switch (u16(at)) {
      case 0:
        if ((base & PAGE_MASK) !== 0n) return 'InvalidDRHDRegAddr';
        if ((u8(at + 4) & 1) === 0) return scopes(segment, at + FIXED.drhd, at + length);
        if (includesAll) return 'MultipleDRHDSFlag';
        includesAll = true;
        return null;
      case 1: {
        const limit = u64(at + 16);
        const size = BigInt.asUintN(64, limit - base + 1n);
        const wrong = (base & PAGE_MASK) !== 0n || limit < base || (size & PAGE_MASK) !== 0n;
        return wrong ? 'InvalidRMRRRangeAddr' : scopes(segment, at + FIXED.rmrr, at + length);
      }
      default:
        return null;
    }
  };

  for (let at: number = dmarHeader.fixedLength; at < end; ) {
    const length = u16(at + 2);
    const ending = structure(at, length);
    if (ending !== null) return ending === 'quiet' ? null : ending;
    // It reads the same structure for ever; a second DRHD with INCLUDE_PCI_ALL it may take it for.
    if (length === 0) return (structure(at, length) as FwtsComplaint | null) ?? 'hang';
    at += length;
  }
  return null;
}
