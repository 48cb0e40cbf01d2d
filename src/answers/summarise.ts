import { formatSbdf } from '../base/sbdf.js';
import { releaseRanges } from '../xen/releases.js';
import { missingFrom } from './completeness.js';
import { answerDevices } from './devices.js';
import type { Evidence } from './evidence.js';
import type { XenOptions } from './hypervisor.js';
import { answerScan, type ScanAnswer } from './scan.js';
import { EVERY_RELEASE, emptySummary, type Model, type ScanSummary } from './scan-summary.js';

/**
 * What a summary says of one table.
 *
 * @throws Failure `unknown-release`
 */
export function summarise(evidence: Evidence, options: XenOptions): ScanSummary {
  const { source } = evidence;
  const answer = answerScan(evidence, { ...options, xen: options.xen ?? EVERY_RELEASE });
  const summary = emptySummary();
  summary.tables = 1;
  if (answer.host !== null) summary.hosts = 1;
  const model = modelOf(answer);
  summary.models.set(`${model.from} ${model.name}`, model);
  if (missingFrom(source) !== null) summary.partial = 1;
  else {
    const releases = releaseRanges(refusing(answer));
    if (releases !== '') summary.refused.set(releases, 1);
  }
  // Of less than a header there is nothing to ask.
  if (source.kind === 'table' && answer.table === null) return summary;
  for (const { candidate, restriction } of answerDevices(evidence, options).reports) {
    if (restriction === null || restriction.kind === 'relaxable') continue;
    const counts = { binding: 0, unknown: 0 };
    counts[restriction.kind] = 1;
    summary.devices.set(formatSbdf(candidate.address), counts);
  }
  return summary;
}

/** The releases that refuse a table, oldest first; where one was asked, that or none. */
function refusing({ map }: ScanAnswer): readonly string[] {
  if (map.refusedBy !== null) return map.refusedBy;
  return map.iommu === 'on' && map.vtd === 'disabled' ? [map.result.xen.release.name] : [];
}

function modelOf({ host, table }: ScanAnswer): Model {
  const words = (...parts: (string | null | undefined)[]) =>
    parts.filter((part) => part).join(' ') || null;
  const named = words(host?.vendor, host?.product);
  if (named !== null) return { name: named, from: 'dmi', tables: 1 };
  const oem = words(table?.header.oemId.trim(), table?.header.oemTableId.trim());
  return { name: oem, from: oem === null ? null : 'table', tables: 1 };
}
