import type { GuestAnswer } from '../../answers/guest.js';
import type { Format } from '../basics/format.js';
import { pathToJson, toJsonText } from '../basics/json.js';
import { guestAsides } from './asides.js';
import { regionsToJson } from './json.js';

/** A line of JSON for each region, with the path of its source. */
export const ndjson: Format<GuestAnswer> = {
  pieces: (answer) =>
    regionsToJson(answer).map((region) =>
      toJsonText({ ...pathToJson(answer.source.path, 'source'), ...region }, 0),
    ),
  asides: guestAsides,
};
