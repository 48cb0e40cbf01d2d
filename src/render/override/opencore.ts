import { TABLE_FILE } from './grub.js';

/**
 * Entries for OpenCore's config.plist. It deletes before it adds, so the firmware's table goes and ours stays
 * (Configuration.pdf of OpenCore, "ACPI").
 */
export const openCoreEntries =
  (): string => `<!-- Copy ${TABLE_FILE} into EFI/OC/ACPI. Put each entry into the array of its name below ACPI in config.plist.
     VT-d stays on in the firmware, and the quirk DisableIoMapper off.
     To go back: set Enabled to false in both; keep a USB stick with the old EFI folder. -->
<key>Add</key>
<array>
  <dict>
    <key>Comment</key><string>DMAR table without the regions that stand in the way</string>
    <key>Enabled</key><true/>
    <key>Path</key><string>${TABLE_FILE}</string>
  </dict>
</array>
<key>Delete</key>
<array>
  <dict>
    <key>All</key><false/>
    <key>Comment</key><string>The firmware's DMAR table</string>
    <key>Enabled</key><true/>
    <key>OemTableId</key><data>AAAAAAAAAAA=</data>
    <key>TableLength</key><integer>0</integer>
    <key>TableSignature</key><data>RE1BUg==</data>
  </dict>
</array>
`;
