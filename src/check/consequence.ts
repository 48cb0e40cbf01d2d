import type { Consequence } from './rule.js';

/** What the specification of the table demands. */
export const bySpecification = (effect: string): Consequence => ({ who: 'specification', effect });

/** What the ACPI specification demands of every table. */
export const byAcpi = (effect: string): Consequence => ({ who: 'ACPI', effect });

/** What happens on every release of Linux. */
export const onLinux = (effect: string): Consequence => ({ who: 'Linux', effect });

/** What happens on every release of Xen. */
export const onXen = (effect: string): Consequence => ({ who: 'Xen', effect });

/** What happens on every release of Xen, which then runs without the IOMMU or not at all. */
export const xenWithoutIommu = (effect: string): Consequence => ({
  who: 'Xen',
  effect,
  turnsOffIommu: true,
});
