import type { TableName } from '../acpi/table-layout.js';
import { Failure } from '../base/failure.js';
import type { Inflaters } from './compression.js';
import type { Log, LogRegion, LogUnit, Loss } from './logs/log.js';
import type { Tree } from './tree.js';

/** What the reading of evidence needs and cannot bring itself, for each place that it runs in has its own. */
export interface Tools {
  readonly inflaters: Inflaters;
  /** SHA-256 of bytes, in hex. */
  readonly sha256: (bytes: Uint8Array) => string;
}

/** What messages call a source that a path names, `-` being standard input. */
export const sourceName = (path: string): string =>
  path === '-' ? 'Standard input' : path || '""';

/** How a table was written down. */
export type TableForm = 'binary' | 'acpidump' | 'hexdump' | 'disassembly';

/** Whether evidence is whole, or what of it is missing. */
export type Completeness = 'whole' | { readonly missing: readonly Loss[] };

/** Properties that work a table's digest out when it is asked for, by what makes digests. */
const DIGESTS = new WeakMap<Tools['sha256'], PropertyDescriptor>();

/**
 * Gives a table the digest of its bytes, worked out when it is asked for. Tables share the getter: V8 keeps objects that
 * each bring one of their own as hash tables, which takes longer than the digest.
 */
export function withDigest<T extends Pick<TableSource, 'bytes'>>(
  table: T,
  sha256: Tools['sha256'],
): T & Pick<TableSource, 'sha256'> {
  let digest = DIGESTS.get(sha256);
  if (digest === undefined) {
    digest = {
      enumerable: true,
      get(this: TableSource) {
        return sha256(this.bytes);
      },
    };
    DIGESTS.set(sha256, digest);
  }
  return Object.defineProperty(table, 'sha256', digest) as T & Pick<TableSource, 'sha256'>;
}

/** Evidence without losses is whole. */
export const completenessOf = (losses: readonly Loss[]): Completeness =>
  losses.length === 0 ? 'whole' : { missing: losses };

interface SourceCommon {
  /** As it was given: a path or `-`; for this machine or a root, the path of the table's file. */
  path: string;
  /** What a person should know about where this came from, each a sentence. */
  notes: string[];
  /** Whether all of the evidence is there, and if not, what is missing. */
  completeness: Completeness;
  /** The host whose facts apply: `--root`, this machine where it was asked, or the tree given as source. */
  hostTree: Tree | null;
}

/** A source that holds the table itself. */
export interface TableSource extends SourceCommon {
  kind: 'table';
  form: TableForm;
  /** Which table it is. */
  table: TableName;
  /** `DMAR`, or what Xen overwrote it with: `RMAD`, `XMAR`; or `IVRS`. */
  signature: string;
  /** Whether these bytes are all of the file, as they lie in it. */
  verbatim: boolean;
  /** The table from its signature on, at least its header's 48 bytes; may be fewer or more than its length field claims. */
  bytes: Uint8Array;
  /** SHA-256 of those bytes in hex, so that a report tells which table it is about; worked out when it is asked for. */
  readonly sha256: string;
  /** What stands beside the table, as in a report; null for nothing. */
  log: Log | null;
}

/** Texts without the table itself: only what programs printed of it and of its machine. */
export interface LogSource extends SourceCommon {
  kind: Log['kind'];
  /** The table that its regions are of. */
  table: TableName;
  log: Log;
  /** Those of the log. */
  regions: readonly LogRegion[];
  units: readonly LogUnit[];
}

/** Where a table, or what is known of one, came from. */
export type Source = TableSource | LogSource;

/** What to read. */
export interface SourceSpec {
  /** A file, a directory, an archive of a host, or `-` for standard input; left out for the machine below `root`. */
  path?: string | undefined;
  /** A captured host: a directory, or a tar archive of one; left out for this machine. */
  root?: string | undefined;
  /** Bytes to read at most, decompressed ones included. */
  maxSize?: number | undefined;
  /** Whether a table file is what the firmware holds, so that a short one is the firmware's fault. */
  asIs?: boolean | undefined;
  /** Which table of a source that holds several, from 1. */
  table?: number | undefined;
}

/** What a text without a table is. */
export const WHOSE: Readonly<Record<LogSource['kind'], string>> = {
  'linux-log': 'a log of Linux',
  'xen-log': 'a log of Xen',
  listing: 'a listing',
};

/** Why a kernel's log will not do for a command that needs the table itself. */
export const noTableInLog = (path: string, kind: LogSource['kind']): Failure =>
  new Failure(
    'no-table',
    `${path} is ${WHOSE[kind]}: it tells where reserved regions are, but the table itself, with all its fields, is not in it.`,
    'dmar map shows what such a log tells. The table is in /sys/firmware/acpi/tables, and in what acpidump prints.',
  );

/**
 * The table of a source, for a command that cannot do without.
 *
 * @throws Failure `no-table` where the source is a kernel's log
 */
export function requireTable(source: Source): TableSource {
  if (source.kind === 'table') return source;
  throw noTableInLog(source.path, source.kind);
}
