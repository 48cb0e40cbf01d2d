import type { ExplainAnswer } from '../../answers/explain.js';
import { formatAddress } from '../../base/address.js';
import { formatSbdf } from '../../base/sbdf.js';
import type { ReservedRegion } from '../../regions/region.js';
import type { Format } from '../basics/format.js';
import { type JsonObject, pathToJson } from '../basics/json.js';
import { askFor, meaningOf } from './words.js';

const regionToJson = ({ base, limit, devices, origin }: ReservedRegion): JsonObject => ({
  base: formatAddress(base),
  limit: formatAddress(limit),
  size: limit - base + 1n,
  devices: devices === null ? null : devices.map(formatSbdf),
  origin: { ...origin },
});

/** Where a line stands; null for one that was given by itself. */
const sourceToJson = (source: string): JsonObject =>
  source === '' ? { source: null } : pathToJson(source, 'source');

/** The document of `explain --json`. */
export const explainToJson = (answer: ExplainAnswer): JsonObject => ({
  lines: answer.explanations.map((explanation) => {
    const { source, sighting, problem, finding, regions, remedies } = explanation;
    return {
      ...sourceToJson(source),
      line: source === '' ? null : sighting.number,
      text: sighting.text,
      speaker: sighting.speaker,
      releases: sighting.line.releases,
      code: sighting.line.code,
      problem,
      finding: finding.code,
      device: sighting.device === null ? null : formatSbdf(sighting.device),
      address: sighting.address === null ? null : formatAddress(sighting.address),
      regions: regions.map(regionToJson),
      meaning: meaningOf(explanation),
      remedies: remedies.map((remedy) => ({ ...remedy })),
    };
  }),
  unknown: answer.unknown.map(({ source, text }) => ({
    ...sourceToJson(source),
    text,
  })),
  machine: answer.background.machine,
  linux: answer.background.linux,
  xen: answer.background.xen,
  notes: askFor(answer),
  format_version: 1,
});

export const json: Format<ExplainAnswer> = { document: explainToJson };
