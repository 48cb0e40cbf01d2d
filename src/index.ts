/**
 * The library under the command line: decode and encode DMAR tables, and ask the modelled hypervisor.
 * Nothing here touches files, the clock or the process, so it runs in a browser as it is.
 */
export type { Diagnostic, Severity } from './acpi/diagnostic.js';
export { type DmarTable, decodeDmar } from './acpi/dmar/decode.js';
export type { DeviceScope } from './acpi/dmar/device-scope.js';
export { encodeDmar } from './acpi/dmar/encode.js';
export type { DmarHeader } from './acpi/dmar/header.js';
export type { Structure } from './acpi/dmar/structures.js';
export type { FromJson, JsonProblem } from './acpi/from-json.js';
export type { JsonTable } from './acpi/json.js';
export type { ListedField, ListedPart } from './acpi/listing.js';
export type { Decoded, DecodedTable, ResolvePath, TableName } from './acpi/table-layout.js';
export {
  decodeTable,
  encodeTable,
  listTable,
  type Table,
  tableFromJson,
  tableToJson,
} from './acpi/tables.js';
export { type DeviceReport, type Judges, reportDevices } from './answers/devices.js';
export {
  answerGuest,
  type GuestAnswer,
  type GuestQuestion,
  type GuestRefusal,
} from './answers/guest.js';
export { formatSbdf, parseSbdf, type Sbdf } from './base/sbdf.js';
export { type CheckResult, checkTable, type Finding } from './check/check.js';
export { RULES } from './check/dmar/rules.js';
export type { Consequence, Rule } from './check/rule.js';
export { type Change, diffTables, type TableBytes } from './diff/dmar/diff.js';
export { compareGuests, type GuestChange } from './diff/dmar/guests.js';
export { type LinuxKernel, parseLinuxRelease } from './linux/kernel.js';
export type { Host, MemoryRange } from './machine/host.js';
export { type PciFunction, PciTopology } from './machine/pci-topology.js';
export { type Candidate, candidatesOf } from './regions/candidate.js';
export { DmarRegions } from './regions/of-dmar.js';
export { explainNote, explainRegion, explainVerdict } from './render/guest/words.js';
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
