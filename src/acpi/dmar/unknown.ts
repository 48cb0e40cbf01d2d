import { layout } from '../layout.js';

/** A structure of a type reserved for the future, or too short for its own type: kept byte for byte. */
export const unknown = layout((f) => ({
  type: f.u16(),
  name: f.constant('unknown'),
  offset: f.position(),
  length: f.u16(),
  data: f.rest(),
}));

export type Unknown = ReturnType<typeof unknown.decode>;
