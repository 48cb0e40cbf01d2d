import type { MapAnswer } from '../../answers/map.js';
import type { Format } from '../basics/format.js';
import { mapAsides } from './asides.js';

/** The bytes that the guest finds in its buffer. */
export const raw: Format<MapAnswer> = {
  pieces: ({ result }) => [result.answer?.buffer ?? new Uint8Array()],
  asides: mapAsides,
};
