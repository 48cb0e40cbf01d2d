import { formatAddress } from '../../base/address.js';
import { formatSbdf } from '../../base/sbdf.js';
import type { Format } from '../basics/format.js';
import { FORMAT_VERSION, type JsonObject, pathToJson } from '../basics/json.js';
import { sourceToJson } from '../basics/source-json.js';
import { deviceToJson } from '../devices/json.js';
import { diffToJson } from '../diff/json.js';
import type { OverrideReport } from './formats.js';
import { explainEdit, explainRisk } from './words.js';

/** A changed table and what comes of it as JSON: see the JSON Schema `override`. */
export function overrideToJson(answer: OverrideReport): JsonObject {
  const { source, bytes, sha256, edits, outcomes, risks, names, judges, notes } = answer;
  const { changes } = diffToJson(answer.diff);
  return {
    source: sourceToJson(source),
    model: { linux: judges.kernel.release, xen: judges.xen.release.name },
    table: { length: bytes.length, sha256 },
    edits: edits.map((edit) => ({
      action: edit.action,
      base: formatAddress(edit.base),
      limit: formatAddress(edit.limit),
      index: edit.index,
      devices: edit.devices.map(formatSbdf),
      message: explainEdit(edit, source.table),
    })),
    changes: changes as JsonObject[],
    devices: {
      before: outcomes.map(({ before }) => deviceToJson(before, names)),
      after: outcomes.flatMap(({ after }) => (after === null ? [] : [deviceToJson(after, names)])),
    },
    files: answer.files.map(({ path, ...file }) => ({ ...pathToJson(path, 'path'), ...file })),
    way: answer.way && { ...answer.way, steps: [...answer.way.steps] },
    needs_yes: answer.needsConsent,
    risks: risks.map((risk) => ({ code: risk.code, message: explainRisk(risk) })),
    notes: [...notes],
    format_version: FORMAT_VERSION,
  };
}

export const json: Format<OverrideReport> = { document: overrideToJson };
