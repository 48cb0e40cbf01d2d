/**
 * The library under the command line: decode and encode DMAR tables, ask the modelled hypervisor, and put to
 * a table or log the questions that the command line puts, with the same answers and documents.
 * Nothing here touches files, the clock or the process, so it runs in a browser as it is.
 */
export type { Diagnostic, Severity } from './acpi/diagnostic.js';
export type { Andd } from './acpi/dmar/andd.js';
export type { Atsr } from './acpi/dmar/atsr.js';
export { type DmarTable, decodeDmar } from './acpi/dmar/decode.js';
export type { DeviceScope } from './acpi/dmar/device-scope.js';
export type { Drhd } from './acpi/dmar/drhd.js';
export { encodeDmar } from './acpi/dmar/encode.js';
export type { DmarHeader } from './acpi/dmar/header.js';
export type { Rhsa } from './acpi/dmar/rhsa.js';
export type { Rmrr } from './acpi/dmar/rmrr.js';
export type { Satc } from './acpi/dmar/satc.js';
export type { Sidp } from './acpi/dmar/sidp.js';
export type { Structure } from './acpi/dmar/structures.js';
export type { FromJson, JsonProblem } from './acpi/from-json.js';
export type { JsonTable } from './acpi/json.js';
export type { ListedField, ListedPart } from './acpi/listing.js';
export { tableFromJson } from './acpi/table-from-json.js';
export type { Decoded, DecodedTable, ResolvePath, TableName } from './acpi/table-layout.js';
export {
  decodeTable,
  encodeTable,
  listTable,
  type Table,
  tableToJson,
} from './acpi/tables.js';
export { answerCheck, type CheckAnswer, type CheckOptions, passes } from './answers/check.js';
export {
  answerDevices,
  type DeviceReport,
  type DevicesAnswer,
  type DevicesOptions,
  type Judges,
  reportDevices,
} from './answers/devices.js';
export { answerDiff, type DiffAnswer, type DiffOptions } from './answers/diff.js';
export { type Evidence, evidenceOf } from './answers/evidence.js';
export { answerExplain, type ExplainAnswer, type Explanation } from './answers/explain.js';
export {
  answerGuest,
  createGuest,
  type GuestAnswer,
  type GuestDescription,
  type GuestOutcome,
  type GuestQuestion,
  type GuestRefusal,
  readGuest,
} from './answers/guest.js';
export type { XenOptions } from './answers/hypervisor.js';
export type { LinuxOptions } from './answers/kernel.js';
export { answerMap, type MapAnswer, type MapOptions } from './answers/map.js';
export { answerScan, type ScanAnswer } from './answers/scan.js';
export { answerShow, type ShowAnswer } from './answers/show.js';
export { Failure } from './base/failure.js';
export { formatSbdf, parseSbdf, type Sbdf } from './base/sbdf.js';
export { type CheckResult, checkTable, type Finding } from './check/check.js';
export type { Consequence, Rule } from './check/rule.js';
export { RULES } from './check/rules.js';
export { type Change, diffTables, type TableBytes } from './diff/diff.js';
export { compareGuests, type GuestChange } from './diff/guests.js';
export { combine } from './evidence/combine.js';
export { readHost } from './evidence/host.js';
export type { LogSource, Source, TableSource, Tools } from './evidence/source.js';
export { sourceOf } from './evidence/source-of.js';
export { type LinuxKernel, parseLinuxRelease } from './linux/kernel.js';
export type { Host, MemoryRange } from './machine/host.js';
export { type PciFunction, PciTopology } from './machine/pci-topology.js';
export { type Candidate, candidatesOf } from './regions/candidate.js';
export { DmarRegions } from './regions/of-dmar.js';
export type { Picture } from './render/basics/address-space.js';
export { type Json, type JsonObject, toJsonText } from './render/basics/json.js';
export { addressSpaceSvg } from './render/basics/svg.js';
export { checkToJson } from './render/check/json.js';
export { devicesToJson } from './render/devices/json.js';
export { diffToJson } from './render/diff/json.js';
export { explainToJson } from './render/explain/json.js';
export { guestToJson } from './render/guest/json.js';
export { guestPicture } from './render/guest/picture.js';
export { explainNote, explainRegion, explainVerdict } from './render/guest/words.js';
export { mapToJson } from './render/map/json.js';
export { mapPicture } from './render/map/picture.js';
export { scannedToJson } from './render/scan/json.js';
export { showToJson } from './render/show/json.js';
export {
  type E820Entry,
  type GuestConfig,
  type GuestLayout,
  type GuestRegion,
  layOutGuest,
  type QueryReservedDeviceMemory,
  type ReservedDeviceMemory,
} from './toolstack/libxl/layout.js';
export { type Libxl, libxlOf } from './toolstack/libxl/releases.js';
export { completeConfig, readXlGuest } from './toolstack/xl/config.js';
export { type Xl, xlOf } from './toolstack/xl/releases.js';
export { bootXen, type Circumstances, type Xen } from './xen/boot.js';
export { parseCmdline, type XenCmdline } from './xen/cmdline.js';
export type { Abi } from './xen/hypercall/abi.js';
export { errnoName } from './xen/hypercall/errno.js';
export { type Answer, callOnce, callTwice, type Request } from './xen/hypercall/hypercall.js';
export { type Machine, machineOf, UNKNOWN_MACHINE } from './xen/machine.js';
export { askRdmMap, type RdmMapResult } from './xen/rdm-map.js';
export { findRelease, newestRelease, type Release, releaseNames } from './xen/releases.js';
export type { RmrrUnit } from './xen/vtd/units.js';
