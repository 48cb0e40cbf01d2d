import type { TableName } from '../../acpi/table-layout.js';
import { tableFile } from './grub.js';

/** A way to have a table loaded, and the way back. */
export interface Way {
  readonly code: string;
  /** What it is for. */
  readonly title: string;
  /** Command lines and settings, in order. */
  readonly steps: readonly string[];
  readonly back: string;
}

const ARCHIVE = 'acpi_override.cpio';

/** The ways there are, by what boots the machine. */
export const waysFor = (table: TableName): readonly Way[] => [
  {
    code: 'grub',
    title:
      'GRUB, Linux: the archive in front of the initial RAM disk (not where GRUB boots Xen too)',
    steps: [
      `cp ${ARCHIVE} /boot/`,
      `GRUB_EARLY_INITRD_LINUX_CUSTOM="${ARCHIVE}" in /etc/default/grub`,
      'update-grub',
    ],
    back: 'Take the line and the file away and run update-grub. For one boot: e in the menu, and take the file out of the initrd line.',
  },
  {
    code: 'xen',
    title: "GRUB, Xen or Linux: GRUB's acpi command (dmar override … --grub FILE writes the lines)",
    steps: [
      `cp ${tableFile(table)} /boot/`,
      'the lines of --grub in a menu entry of their own: /etc/grub.d/40_custom',
      'update-grub',
    ],
    back: 'Choose another entry, or take the lines out and run update-grub.',
  },
  {
    code: 'systemd-boot',
    title: 'systemd-boot',
    steps: [
      `cp ${ARCHIVE} to the ESP`,
      'copy the entry in loader/entries/ to a second one',
      `initrd /${ARCHIVE} in the copy, in front of its initrd line`,
    ],
    back: 'Choose the first entry; take the copy away.',
  },
  {
    code: 'dracut',
    title: 'dracut (Fedora, RHEL, openSUSE)',
    steps: [
      `mkdir -p /etc/acpi-tables; cp ${tableFile(table)} /etc/acpi-tables/`,
      'acpi_override="yes" and acpi_table_dir="/etc/acpi-tables" in /etc/dracut.conf.d/acpi.conf',
      'dracut -f',
    ],
    back: 'Take both files away and run dracut -f; until then boot an older kernel, whose RAM disk has no table.',
  },
  {
    code: 'mkinitcpio',
    title: 'mkinitcpio (Arch)',
    steps: [
      `mkdir -p /etc/initcpio/acpi_override; cp ${tableFile(table)} /etc/initcpio/acpi_override/`,
      'acpi_override in HOOKS of /etc/mkinitcpio.conf',
      'mkinitcpio -P',
    ],
    back: 'Take the hook out and run mkinitcpio -P.',
  },
  {
    code: 'initramfs-tools',
    title: 'initramfs-tools (Debian, Ubuntu)',
    steps: [
      'apt install acpi-override-initramfs',
      `cp ${tableFile(table)} /var/lib/acpi-override/`,
      'update-initramfs -u',
    ],
    back: 'Remove the package and run update-initramfs -u; until then boot another kernel, whose RAM disk has no table.',
  },
  {
    code: 'proxmox',
    title: 'Proxmox VE with proxmox-boot-tool, which writes the boot entries anew each time',
    steps: [
      'apt install acpi-override-initramfs',
      `cp ${tableFile(table)} /var/lib/acpi-override/`,
      'update-initramfs -u',
      'proxmox-boot-tool refresh',
    ],
    back: 'Remove the package, run update-initramfs -u and proxmox-boot-tool refresh; until then boot another kernel, whose RAM disk has no table.',
  },
  {
    code: 'nixos',
    title: 'NixOS',
    steps: [`boot.initrd.prepend = [ "\${./${ARCHIVE}}" ];`, 'nixos-rebuild boot'],
    back: 'Choose an earlier generation in the menu.',
  },
  {
    code: 'opencore',
    title: 'OpenCore (dmar override … --opencore FILE writes the entries)',
    steps: [`copy ${tableFile(table)} to EFI/OC/ACPI`, 'the entries of --opencore in config.plist'],
    back: 'Set Enabled to false in both entries; keep a USB stick with the old EFI folder.',
  },
];
