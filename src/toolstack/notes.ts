import type { Severity } from '../acpi/diagnostic.js';
import type { Sbdf } from '../base/sbdf.js';
import type { GuestConfig } from './libxl/layout.js';
import type { ReadRdm } from './xl/rdm.js';
import type { Xl } from './xl/releases.js';

/** What each note of a guest says, by its code: values for the sentence that is made where it is shown. */
export interface NoteValues {
  /** xl cannot read `rdm=` and goes on without it; `meant`: what the string says to a person, null where nothing. */
  'rdm-ignored-by-xl': {
    text: string;
    line: number;
    meant: GuestConfig['rdm'] | null;
    xl: string;
    grammar: Xl['rdm'];
  };
  /** xl reads `rdm=`, but hands over a strategy or policy that it never set. */
  'rdm-undefined': { text: string; line: number; read: ReadRdm; xl: string };
  /** `pci` is a single string, which xl ignores. */
  'pci-not-a-list': { text: string; line: number };
  /** An option of a device that xl does not know. */
  'pci-option-unknown': { text: string; line: number | null; option: string };
  /** A device given by the name it was made assignable under: libxl asks for the regions of 0000:00:00.0. */
  'pci-by-name': { name: string };
  /** All functions of a device: libxl asks for the regions of function 0 alone. */
  'pci-all-functions': { device: Sbdf };
  /** The file has no videoram: the card's least is taken off. Bytes. */
  'video-memory-default': { vga: string; bytes: bigint };
  /** memory is less than maxmem. */
  'populated-on-demand': Record<never, never>;
  /** The file has no type: what is shown is a guest of type hvm, and xl makes one of type pv. */
  'no-type': Record<never, never>;
  'pv-guest': { hasDevices: boolean };
  'pvh-guest': Record<never, never>;
  'no-passthrough': Record<never, never>;
  'no-rdm-asked': Record<never, never>;
  'device-without-region': { device: Sbdf };
  /** No policy of its own, and the global one is relaxed: libxl takes strict, xl would hand over relaxed. */
  'device-policy-assumed': { device: Sbdf };
  /** libxl to 4.13 has no policy for the device's region while it lays memory out. */
  'device-policy-undecided': { device: Sbdf };
  /** Bytes. */
  'mmio-hole-ignored': { mmioHole: bigint };
  /** The final E820 has more entries than SeaBIOS and OVMF are given room for. */
  'e820-overflows': { entries: number };
  /** libxl to 4.13 tells hvmloader of RAM above 4 GiB that has 0 bytes. */
  'high-ram-empty': Record<never, never>;
  /** hvmloader does not see a region that crosses 4 GiB when it places BARs. First byte. */
  'region-crosses-4gib': { start: bigint };
  /** hvmloader does not look at regions above 4 GiB when it places BARs there. First byte. */
  'region-in-high-window': { start: bigint };
  /** A BAR that hvmloader finds no space for; bytes. */
  'bar-without-space': { devfn: number; bar: number; size: bigint };
}

export type NoteCode = keyof NoteValues;

/** Something worth knowing about a guest: a code that scripts may test, and its values. */
export type GuestNote<C extends NoteCode = NoteCode> = {
  [Code in C]: { readonly code: Code; readonly severity: Severity } & Readonly<NoteValues[Code]>;
}[C];
