import type { Source } from '../../evidence/source.js';
import { type JsonObject, pathBytes } from './json.js';

/** What every command's JSON says of its source. */
export interface SourceJson extends JsonObject {
  path: string;
  kind: string;
  /** null where there is a kernel's log in place of a table. */
  signature: string | null;
  /** Bytes that were there, from the signature on. */
  length: number | null;
  /** Of those bytes. */
  sha256: string | null;
  /** `whole`, or what is missing. */
  completeness: JsonObject | 'whole';
}

/** The source as JSON. */
export function sourceToJson(source: Source): SourceJson {
  const { path, kind, completeness } = source;
  const table = source.kind === 'table' ? source : null;
  const missing = completeness === 'whole' ? [] : completeness.missing;
  return {
    path,
    path_bytes: pathBytes(path),
    kind,
    signature: table?.signature ?? null,
    length: table?.bytes.length ?? null,
    sha256: table?.sha256 ?? null,
    completeness:
      missing.length === 0 ? 'whole' : { missing: missing.map((loss) => ({ ...loss })) },
  };
}
