import { type DeviceScope, isPciScope, SCOPE_SUB_HIERARCHY } from '../../acpi/dmar/device-scope.js';
import { type Drhd, includesPciAll } from '../../acpi/dmar/drhd.js';
import { sbdfKey } from '../../base/sbdf.js';
import { CONFIG, type PciTopology } from '../../machine/pci-topology.js';

type Path = DeviceScope['path'];

/** What the units of one segment cover. */
class SegmentCoverage {
  /** Units, of which most are never asked what they name, since one of their segment takes all. */
  readonly units: Drhd[] = [];
  includesAll = false;
  #named: NamedDevices | null = null;

  constructor(
    readonly segment: number,
    readonly pci: PciTopology | null,
  ) {}

  get named(): NamedDevices {
    this.#named ??= new NamedDevices(this);
    return this.#named;
  }
}

const pathKey = (startBus: number, path: Path) => `${startBus}:${path.join('/')}`;

/** The devices that the units of a segment name. */
class NamedDevices {
  /** Endpoints and bridges named, by start bus and path. */
  readonly endpoints = new Set<string>();
  readonly bridges = new Set<string>();
  /** Buses the paths of bridges begin on. */
  readonly bridgeStarts = new Set<number>();
  /** With a host: functions named, and buses below the bridges named. */
  readonly functions = new Set<number>();
  readonly buses = new Set<number>();

  constructor({ units, segment, pci }: SegmentCoverage) {
    for (const unit of units) {
      for (const scope of unit.deviceScope) if (isPciScope(scope)) this.#add(segment, scope, pci);
    }
  }

  #add(
    segment: number,
    { type, startBusNumber, path }: DeviceScope,
    pci: PciTopology | null,
  ): void {
    this.endpoints.add(pathKey(startBusNumber, path));
    const named = pci?.resolvePath(segment, startBusNumber, path);
    if (named) this.functions.add(sbdfKey(segment, named.bus, named.device, named.func));
    if (type !== SCOPE_SUB_HIERARCHY) return;
    this.bridges.add(pathKey(startBusNumber, path));
    this.bridgeStarts.add(startBusNumber);
    const bridge = named && pci?.get(segment, named.bus, named.device, named.func);
    if (!bridge || !pci?.isBridge(bridge)) return;
    const last = bridge.config[CONFIG.subordinateBus] ?? 0;
    for (let bus = bridge.config[CONFIG.secondaryBus] ?? 0; bus <= last; bus++) this.buses.add(bus);
  }
}

/**
 * Which devices have a remapping unit (VT-d specification, "DMA Remapping Hardware Unit Definition
 * Structure": INCLUDE_PCI_ALL, else what the device scope names and all below a bridge it names).
 */
export class Coverage {
  readonly #segments = new Map<number, SegmentCoverage>();
  readonly #pci: PciTopology | null;

  /** @param pci the machine's PCI functions; without them paths are compared as they stand */
  constructor(drhds: readonly Drhd[], pci: PciTopology | null) {
    this.#pci = pci;
    for (const unit of drhds) {
      const segment = this.#segments.get(unit.segment) ?? new SegmentCoverage(unit.segment, pci);
      this.#segments.set(unit.segment, segment);
      segment.includesAll ||= includesPciAll(unit);
      segment.units.push(unit);
    }
  }

  /**
   * Whether some unit covers a PCI device; `unknown` where the answer hangs on how the machine numbered
   * its buses, and that is not known.
   */
  of(segment: number, { startBusNumber, path }: DeviceScope): 'some' | 'none' | 'unknown' {
    const units = this.#segments.get(segment);
    if (units === undefined) return 'none';
    if (units.includesAll) return 'some';
    const { endpoints, bridges, bridgeStarts, functions, buses } = units.named;
    if (endpoints.has(pathKey(startBusNumber, path))) return 'some';
    for (let hops = 1; hops < path.length; hops++) {
      if (bridges.has(pathKey(startBusNumber, path.slice(0, hops)))) return 'some';
    }
    const named = this.#pci?.resolvePath(segment, startBusNumber, path);
    if (named) {
      const key = sbdfKey(segment, named.bus, named.device, named.func);
      return functions.has(key) || buses.has(named.bus) ? 'some' : 'none';
    }
    const otherStarts = bridgeStarts.size - (bridgeStarts.has(startBusNumber) ? 1 : 0);
    return otherStarts === 0 ? 'none' : 'unknown';
  }
}
