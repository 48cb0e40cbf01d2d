import type { CheckAnswer } from '../../answers/check.js';
import type { Format } from '../basics/format.js';
import { pathToJson, toJsonText } from '../basics/json.js';
import { findingToJson } from './json.js';

/** A line of JSON for each finding, with the path of its source. */
export const ndjson: Format<CheckAnswer> = {
  pieces: ({ source, result, fingerprints }) =>
    result.findings.map((finding, i) =>
      toJsonText(
        {
          ...pathToJson(source.path, 'source'),
          ...findingToJson(finding),
          fingerprint: fingerprints[i] as string,
        },
        0,
      ),
    ),
};
