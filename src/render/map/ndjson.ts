import type { MapAnswer } from '../../answers/map.js';
import type { Format } from '../basics/format.js';
import { pathToJson, toJsonText } from '../basics/json.js';
import { mapAsides } from './asides.js';
import { entriesToJson } from './json.js';

/** A line of JSON for each entry, with the path of its source. */
export const ndjson: Format<MapAnswer> = {
  pieces: ({ source, result }) =>
    entriesToJson(result).map((entry) =>
      toJsonText({ ...pathToJson(source.path, 'source'), ...entry }, 0),
    ),
  asides: mapAsides,
};
