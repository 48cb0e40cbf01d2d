import { layout } from '../layout.js';

/** ACPI Name-space Device Declaration structure (VT-d specification, "BIOS Considerations"). */
export const andd = layout((f) => ({
  type: f.u16(),
  name: f.constant('ANDD'),
  offset: f.position(),
  length: f.u16(),
  reserved: f.bytesOf(3),
  acpiDeviceNumber: f.u8(),
  acpiPath: f.name(),
  /** The NUL that ends the path, and padding. */
  trailing: f.rest(),
}));

export type Andd = ReturnType<typeof andd.decode>;
