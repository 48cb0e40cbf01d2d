import { MIB } from './layout.js';

/** The emulated graphics card. */
export type VgaKind = 'cirrus' | 'std' | 'qxl' | 'none';
/** The device model that emulates it. */
export type DeviceModel = 'qemu-xen' | 'qemu-xen-traditional';

/** The emulated graphics card and what emulates it. */
export interface DisplayInfo {
  vga: VgaKind;
  deviceModel: DeviceModel;
}

/** What of a guest's settings libxl looks at before it lays memory out. */
export interface BuildInfo extends DisplayInfo {
  /** Bytes of memory at most (maxmem, else memory); null where it is not known. */
  maximum: bigint | null;
  /** Bytes of memory at the start; null where it is not known. */
  target: bigint | null;
  /** Bytes of video memory that the file asks for; null takes what the card needs. */
  videoMemory: bigint | null;
}

/** Why libxl refuses a guest before it looks at its memory. */
export type BuildRefusal = 'pod' | 'videoram';

/** MiB of video memory that a card has at least, which is also the default (libxl__domain_build_info_setdefault). */
const VIDEO_MEMORY: Readonly<Record<DeviceModel, Readonly<Record<VgaKind, bigint>>>> = {
  'qemu-xen': { cirrus: 8n, std: 16n, qxl: 128n, none: 0n },
  'qemu-xen-traditional': { cirrus: 4n, std: 8n, qxl: 4n, none: 0n },
};

/** Bytes of video memory that a card has at least. */
export const leastVideoMemory = ({ deviceModel, vga }: BuildInfo): bigint =>
  VIDEO_MEMORY[deviceModel][vga] * MIB;

/** Bytes of RAM that are laid out: the maximum memory less the video memory; null where it is not known. */
export const ramOf = (info: BuildInfo): bigint | null =>
  info.maximum === null ? null : info.maximum - (info.videoMemory ?? leastVideoMemory(info));

/** Whether memory is to be populated on demand: less at the start than at most. */
export const isPopulatedOnDemand = ({ maximum, target }: BuildInfo): boolean =>
  maximum !== null && target !== null && target < maximum;

/**
 * What libxl has against a guest before it lays memory out: memory that is populated on demand together
 * with a device (libxl__domain_config_setdefault; initiate_domain_create to 4.12), or too little video memory.
 *
 * @param hasDevices whether a PCI device is assigned
 */
export function buildRefusalOf(info: BuildInfo, hasDevices: boolean): BuildRefusal | null {
  if (hasDevices && isPopulatedOnDemand(info)) return 'pod';
  const { videoMemory } = info;
  return videoMemory !== null && videoMemory < leastVideoMemory(info) ? 'videoram' : null;
}
