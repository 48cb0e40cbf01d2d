import { type LogLine, row } from './line.js';

/** What those print who hand devices to guests: QEMU, libvirt, Proxmox VE, libxl, XCP-ng. */
export const TOOLSTACK_LINES: readonly LogLine[] = [
  row(
    'container-refused',
    'QEMU',
    'The kernel refused to put the group behind an IOMMU of its own: a region that must stay mapped, or no interrupt remapping.',
    'vfio <device:bdf>: failed to setup container for group <group:n>: Failed to set iommu for container: Operation not permitted',
    'vfio <device:bdf>: failed to setup container for group <group:n>: Failed to set group container: Invalid argument',
    'failed to setup container for group <group:n>: <why:rest>',
    'failed to setup container for group <group:n>',
    'failed to set iommu for container: Operation not permitted',
  ),
  row(
    'iommufd-refused',
    'QEMU 9–',
    'The kernel refused to attach the device: its group has a region that must stay mapped.',
    'error attach <device:bdf> (<fd:s>) to id=<id:n>: Invalid argument',
  ),
  row(
    'map-refused',
    'Linux 5.4–',
    "The guest's memory meets a reserved region.",
    'VFIO_MAP_DMA failed: Invalid argument',
    'VFIO_MAP_DMA: -22',
  ),
  row(
    'group-not-viable',
    'QEMU',
    'Another device of the group has a driver of the host; this is not about regions.',
    'group <group:n> is not viable',
  ),
  row(
    'group-in-use',
    'QEMU',
    'The device or its group has a driver of the host; this is not about regions.',
    'vfio <device:bdf>: error getting device from group <group:n>: <why:rest>',
  ),
  row(
    'no-iommu',
    'libvirt, Proxmox VE',
    'The host has no IOMMU that works.',
    "host doesn't support passthrough of host PCI devices",
    'cannot prepare PCI pass-through, IOMMU not present',
    'PCI device <device:bdf> cannot be assigned - no IOMMU?',
  ),
  row(
    'xl-not-permitted',
    'libxl',
    'Xen refused the device: most often it shares a region with other devices, and the policy is strict.',
    'xc_assign_device failed: Operation not permitted',
    'Cannot_add(<device:bdf>, Xenctrlext.Unix_error(30, "1: Operation not permitted"))',
  ),
  row(
    'xl-busy',
    'libxl',
    "Xen refused the device: the guest's memory is where its region is.",
    'xc_assign_device failed: Device or resource busy',
  ),
  row(
    'xl-not-assignable',
    'libxl',
    'The device is not bound to pciback; this is not about regions.',
    'PCI device <device:bdf> is not assignable',
  ),
  row(
    'rdm-conflict-ignored',
    'libxl 4.6–',
    "The guest's memory meets a region; the policy lets it.",
    'Ignoring RDM conflict at 0x<base:h>.',
  ),
  row(
    'rdm-conflict',
    'libxl 4.6–',
    "The guest's memory meets a region, and the policy forbids that.",
    'RDM conflict at 0x<base:h>.',
  ),
  row(
    'rdm-unknown',
    'libxl 4.6–',
    'The tools could not ask Xen for the regions.',
    'Could not get reserved device memory maps.',
  ),
];
