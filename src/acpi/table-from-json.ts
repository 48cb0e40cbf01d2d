import { DMAR_FORM } from './dmar/from-json.js';
import { type FromJson, fromJsonAs, type JsonForm, type JsonObject } from './from-json.js';
import { IVRS_FORM } from './ivrs/from-json.js';
import type { TableName } from './table-layout.js';
import { layoutOfTable, TABLE_LAYOUTS, tableOfSignature } from './tables.js';

/** What sources written by hand may say of each table. */
const FORMS: Readonly<Record<TableName, JsonForm>> = { DMAR: DMAR_FORM, IVRS: IVRS_FORM };

/**
 * The inverse of `tableToJson`, and of shorter sources written by hand; which table it is of its
 * header's signature tells, or the names of its structures.
 *
 * @param json what `JSON.parse` made of the text
 * @param fix whether lengths and checksum are computed even where they are given
 */
export function tableFromJson(json: unknown, { fix = false } = {}): FromJson {
  const kind = tableOfJson(json);
  return fromJsonAs(layoutOfTable(kind), FORMS[kind], json, fix);
}

function tableOfJson(json: unknown): TableName {
  const { header, structures } = (json ?? {}) as JsonObject;
  const { signature } = (header ?? {}) as JsonObject;
  const bySignature = typeof signature === 'string' ? tableOfSignature(signature) : null;
  if (bySignature !== null) return bySignature;
  const names = Array.isArray(structures)
    ? structures.map((one) => ((one ?? {}) as JsonObject).name)
    : [];
  const byName = TABLE_LAYOUTS.find(({ kinds }) => kinds.some(({ name }) => names.includes(name)));
  return byName?.kind ?? 'DMAR';
}
