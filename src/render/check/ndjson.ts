import type { CheckAnswer } from '../../answers/check.js';
import type { Format } from '../basics/format.js';
import { toJsonText } from '../basics/json.js';
import { findingToJson } from './json.js';

/** A line of JSON for each finding, with the path of its source. */
export const ndjson: Format<CheckAnswer> = {
  pieces: ({ source, result, fingerprints }) =>
    result.findings.map((finding, i) =>
      toJsonText(
        { source: source.path, ...findingToJson(finding), fingerprint: fingerprints[i] as string },
        0,
      ),
    ),
};
