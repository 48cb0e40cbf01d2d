import { keyOf, type Sbdf, sbdfKey } from '../base/sbdf.js';

/** Offsets into a function's configuration space, in bytes (PCI Local Bus specification, "Configuration Space"). */
export const CONFIG = {
  vendorId: 0x00,
  deviceId: 0x02,
  classCode: 0x09,
  headerType: 0x0e,
  primaryBus: 0x18,
  secondaryBus: 0x19,
  subordinateBus: 0x1a,
} as const;

/**
 * A PCI function and the first bytes of its configuration space, at least 64; none where the host has it but
 * its configuration could not be read.
 */
export interface PciFunction extends Sbdf {
  config: Uint8Array;
}

/** Class codes that rules speak of; subclasses where there are four digits (PCI Code and ID Assignment). */
export const PCI_CLASS = { display: 0x03, bridge: 0x06, iommu: 0x0806, usb: 0x0c03 } as const;

/** Class and subclass of a function, e.g. 0x0c03 for a USB controller. */
export const classOf = ({ config }: PciFunction): number =>
  (config[CONFIG.classCode + 2] ?? 0) * 0x100 + (config[CONFIG.classCode + 1] ?? 0);

/** Vendor and device IDs that mean nobody is there (Xen, xen/drivers/passthrough/pci.c, pci_device_detect). */
const ABSENT_IDS: ReadonlySet<number> = new Set([0, 0xffffffff, 0x0000ffff, 0xffff0000]);

/** The PCI functions of a machine, by address. */
export class PciTopology {
  readonly #functions = new Map<number, PciFunction>();

  readonly #partial: boolean;

  /** @param partial whether the machine may have more functions than these, of which nothing is known */
  constructor(functions: Iterable<PciFunction>, { partial = false } = {}) {
    this.#partial = partial;
    for (const fn of functions) {
      this.#functions.set(keyOf(fn), fn);
    }
  }

  /** All functions, in the order given. */
  functions(): IterableIterator<PciFunction> {
    return this.#functions.values();
  }

  get(segment: number, bus: number, device: number, func: number): PciFunction | null {
    return this.#functions.get(sbdfKey(segment, bus, device, func)) ?? null;
  }

  /** A byte of configuration space; 0xff, as the bus answers, where there is no such function or byte. */
  configByte({ segment, bus, device, func }: Sbdf, offset: number): number {
    return this.get(segment, bus, device, func)?.config[offset] ?? 0xff;
  }

  /** Whether the machine may have functions that are not among these. */
  get partial(): boolean {
    return this.#partial;
  }

  /** Whether a function is there, or may be, of which no more is known. */
  isUnread({ segment, bus, device, func }: Sbdf): boolean {
    const fn = this.get(segment, bus, device, func);
    return fn === null ? this.#partial : fn.config.length === 0;
  }

  /**
   * Whether somebody answers at an address: vendor and device ID are such as devices have. A function whose
   * configuration could not be read is taken to answer.
   */
  answers(sbdf: Sbdf): boolean {
    if (this.isUnread(sbdf)) return true;
    const id = [3, 2, 1, 0].reduce(
      (dword, i) => dword * 0x100 + this.configByte(sbdf, CONFIG.vendorId + i),
      0,
    );
    return !ABSENT_IDS.has(id);
  }

  /** Whether a function is a bridge to another bus (header type 1 or 2, bit 7 aside). */
  isBridge(fn: PciFunction): boolean {
    const type = (fn.config[CONFIG.headerType] ?? 0) & 0x7f;
    return type === 1 || type === 2;
  }

  /**
   * Follows a device scope's path over this machine's bridges (VT-d specification, "Device Scope
   * Structure": the secondary bus number of each hop but the last is the bus of the next).
   *
   * @returns the address of the function named; null where a bridge on the way is missing or is none
   */
  resolvePath(
    segment: number,
    startBus: number,
    path: readonly (readonly [device: number, func: number])[],
  ): Sbdf | null {
    let bus = startBus;
    for (const [i, [device, func]] of path.entries()) {
      if (i === path.length - 1) return { segment, bus, device, func };
      const bridge = this.get(segment, bus, device, func);
      if (bridge === null || !this.isBridge(bridge)) return null;
      bus = bridge.config[CONFIG.secondaryBus] ?? 0xff;
    }
    return null;
  }
}
