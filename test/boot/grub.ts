import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The firmware that starts GRUB. */
export type Firmware = 'bios' | 'uefi';

const MODULES = [
  ...['part_msdos', 'fat', 'gzio', 'search', 'search_fs_file', 'normal', 'configfile'],
  ...['serial', 'terminal', 'test', 'acpi', 'multiboot2', 'reboot'],
];

/** Where GRUB's images lie, by the platform that they are for (packages grub-pc-bin, grub-efi-amd64-bin). */
export const PLATFORMS = { bios: '/usr/lib/grub/i386-pc', uefi: '/usr/lib/grub/x86_64-efi' };

/** UEFI for QEMU (package ovmf). */
export const OVMF = '/usr/share/ovmf/OVMF.fd';

/** What GRUB starts: Xen and its first guest. */
export interface XenBoot {
  readonly firmware: Firmware;
  /** Files of the disk's root by their name, linked to where they are; `xen.gz`, `vmlinux` and `initrd` among them. */
  readonly files: Readonly<Record<string, string>>;
  /** GRUB's commands before Xen is loaded, such as one that replaces a table. */
  readonly before: string;
}

/** Xen's own defences against speculation cost most of the time where the processor is emulated. */
const XEN_OPTIONS =
  'console=com1 com1=115200,8n1 loglvl=all iommu=verbose dom0_mem=640M spec-ctrl=no';
const DOM0_OPTIONS = 'console=hvc0 mitigations=off loglevel=7 nokaslr nowatchdog';

/**
 * Lays out a disk with GRUB, Xen and its first guest.
 *
 * @param folder for the disk; emptied first
 * @returns QEMU's options that start it
 */
export function xenDisk(folder: string, { firmware, files, before }: XenBoot): string[] {
  rmSync(folder, { recursive: true, force: true });
  const [disk, early] = [join(folder, 'disk'), join(folder, 'early.cfg')];
  mkdirSync(join(disk, 'EFI/BOOT'), { recursive: true });
  for (const [name, path] of Object.entries(files)) linkSync(path, join(disk, name));
  writeFileSync(early, 'search --set=root --file /grub.cfg\nconfigfile /grub.cfg\n');
  writeFileSync(
    join(disk, 'grub.cfg'),
    `serial --unit=0 --speed=115200
terminal_output serial
${before}
multiboot2 /xen.gz ${XEN_OPTIONS}
module2 /vmlinux ${DOM0_OPTIONS}
module2 /initrd
boot
reboot
`,
  );
  return [
    ...['-cpu', 'Nehalem', ...loader[firmware](folder, early)],
    ...['-drive', `if=none,id=disk,format=raw,read-only=on,file=fat:${disk}`],
    ...['-device', 'virtio-blk-pci,drive=disk,addr=6.0'],
  ];
}

/** Makes GRUB's image for a firmware; answers QEMU's options that start it. */
const loader: Readonly<Record<Firmware, (folder: string, early: string) => string[]>> = {
  bios: (folder, early) => {
    const [core, image] = [join(folder, 'core.img'), join(folder, 'grub.lnx')];
    makeImage('i386-pc', early, core, ['biosdisk']);
    // With this in front, GRUB looks like a kernel of Linux, which QEMU starts without a disk.
    const head = readFileSync(join(PLATFORMS.bios, 'lnxboot.img'));
    writeFileSync(image, Buffer.concat([head, readFileSync(core)]));
    return ['-kernel', image];
  },
  uefi: (folder, early) => {
    makeImage('x86_64-efi', early, join(folder, 'disk/EFI/BOOT/BOOTX64.EFI'), []);
    return ['-bios', OVMF];
  },
};

function makeImage(format: string, early: string, output: string, modules: string[]): void {
  const options = ['-O', format, '-c', early, '-p', '/', '-o', output];
  execFileSync('grub-mkimage', [...options, ...MODULES, ...modules]);
}
