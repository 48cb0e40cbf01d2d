import type { TableName } from '../../acpi/table-layout.js';
import { MODE, packCpio } from './cpio.js';
import { tableFile } from './grub.js';

/** Where Linux looks for tables in an initial RAM disk (drivers/acpi/tables.c). */
const FOLDER = 'kernel/firmware/acpi';

/** The archive that goes in front of an initial RAM disk, so that Linux takes a table in place of the firmware's. */
export function tableArchive(table: TableName, bytes: Uint8Array): Uint8Array {
  const parts = FOLDER.split('/');
  const folders = parts.map((_, i) => ({
    name: parts.slice(0, i + 1).join('/'),
    mode: MODE.directory,
    data: new Uint8Array(),
  }));
  return packCpio([...folders, { name: `${FOLDER}/${tableFile(table)}`, data: bytes }]);
}
