import type { TableName } from '../../acpi/table-layout.js';

/** What the table's file is called wherever a boot loader looks for it. */
export const tableFile = (table: TableName): string => `${table}.aml`;

/**
 * Lines for a menu entry of GRUB's that hand a table to Linux or Xen in place of the firmware's. GRUB compares neither ids
 * nor revisions; `--exclude` keeps the firmware's table from standing beside the new one.
 */
export const grubSnippet = (
  table: TableName,
): string => `# Replaces the firmware's ${table} table, for Linux and for Xen.
# Copy ${tableFile(table)} into /boot. Put these lines into a menu entry of their own, in front of its linux, multiboot2 or
# chainloader line (/etc/grub.d/40_custom, then update-grub); whatever is booted after them gets this table.
# To go back: choose another entry, or take the lines out (e in the menu does so for one boot).
# Under Secure Boot GRUB refuses the command, and the firmware's table stays. After an update of the firmware make
# the table anew.
if [ -f /${tableFile(table)} ]; then
  acpi --exclude=${table} /${tableFile(table)}
elif [ -f /boot/${tableFile(table)} ]; then
  acpi --exclude=${table} /boot/${tableFile(table)}
fi
`;
