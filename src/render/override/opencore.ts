import type { TableName } from '../../acpi/table-layout.js';
import { tableFile } from './grub.js';

/** Signatures in base64, as property lists have bytes. */
const SIGNATURES: Readonly<Record<TableName, string>> = { DMAR: 'RE1BUg==', IVRS: 'SVZSUw==' };

/**
 * Entries for OpenCore's config.plist. It deletes before it adds, so the firmware's table goes and ours stays
 * (Configuration.pdf of OpenCore, "ACPI").
 */
export const openCoreEntries = (
  table: TableName,
): string => `<!-- Copy ${tableFile(table)} into EFI/OC/ACPI. Put each entry into the array of its name below ACPI in config.plist.
     VT-d stays on in the firmware, and the quirk DisableIoMapper off.
     To go back: set Enabled to false in both; keep a USB stick with the old EFI folder. -->
<key>Add</key>
<array>
  <dict>
    <key>Comment</key><string>${table} table without the regions that stand in the way</string>
    <key>Enabled</key><true/>
    <key>Path</key><string>${tableFile(table)}</string>
  </dict>
</array>
<key>Delete</key>
<array>
  <dict>
    <key>All</key><false/>
    <key>Comment</key><string>The firmware's ${table} table</string>
    <key>Enabled</key><true/>
    <key>OemTableId</key><data>AAAAAAAAAAA=</data>
    <key>TableLength</key><integer>0</integer>
    <key>TableSignature</key><data>${SIGNATURES[table]}</data>
  </dict>
</array>
`;
