import { consequenceName, type Rule } from '../../check/rule.js';

const NEEDS = {
  pci: "the machine's PCI functions (--root)",
  memoryMap: "the firmware's memory map (--root)",
  ioApics: "the machine's I/O APICs, from the MADT (--root)",
} as const;

/** What facts a rule needs; '' where the table is enough. */
export const needText = ({ needs }: Rule): string => (needs === undefined ? '' : NEEDS[needs]);

/** What comes of a table that breaks a rule, a sentence for each whom it concerns. */
export const consequenceTexts = ({ consequences }: Rule): string[] =>
  consequences.map((consequence) => `${consequenceName(consequence)}: ${consequence.effect}.`);
