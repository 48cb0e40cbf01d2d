import { MODE, packCpio } from './cpio.js';
import { TABLE_FILE } from './grub.js';

/** Where Linux looks for tables in an initial RAM disk (drivers/acpi/tables.c). */
const FOLDER = 'kernel/firmware/acpi';

/** The archive that goes in front of an initial RAM disk, so that Linux takes a table in place of the firmware's. */
export function tableArchive(table: Uint8Array): Uint8Array {
  const parts = FOLDER.split('/');
  const folders = parts.map((_, i) => ({
    name: parts.slice(0, i + 1).join('/'),
    mode: MODE.directory,
    data: new Uint8Array(),
  }));
  return packCpio([...folders, { name: `${FOLDER}/${TABLE_FILE}`, data: table }]);
}
