import type { DevicesAnswer } from '../../answers/devices.js';
import { asidesOf, type Format } from '../basics/format.js';
import { pathToJson, toJsonText } from '../basics/json.js';
import { deviceToJson } from './json.js';

/** A line of JSON for each device, with the path of its source. */
export const ndjson: Format<DevicesAnswer> = {
  pieces: ({ source, reports, names }) =>
    reports.map((report) =>
      toJsonText({ ...pathToJson(source.path, 'source'), ...deviceToJson(report, names) }, 0),
    ),
  asides: ({ notes, diagnostics }) => asidesOf(notes, diagnostics),
};
