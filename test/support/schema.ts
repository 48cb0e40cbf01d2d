import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvDraft4 from 'ajv-draft-04';

/** The package is CommonJS; its types and its run-time form differ on what the default export is. */
const Draft4 = ajvDraft4 as unknown as typeof Ajv2020;

const read = (name: string) =>
  JSON.parse(
    readFileSync(join(import.meta.dirname, '../../src/schemas', `${name}.schema.json`), 'utf8'),
  ) as object;

const ajv = new Ajv2020({
  allErrors: true,
  allowUnionTypes: true,
  schemas: ['common', 'map', 'check'].map(read),
});

/**
 * Errors of a document against one of the package's schemas, empty where it is valid.
 *
 * @param name the schema's file without its ending, e.g. `map`
 * @param part which of its definitions, e.g. `#/$defs/rule`
 */
export function schemaErrors(name: string, document: unknown, part = ''): unknown[] {
  const id = `urn:dmar:schema:${name}:1`;
  if (ajv.getSchema(id) === undefined) ajv.addSchema(read(name));
  ajv.validate(`${id}${part}`, document);
  return ajv.errors ?? [];
}

/** Errors of a document against the SARIF 2.1.0 schema of OASIS, which a package of Microsoft's ships. */
export function sarifErrors(document: unknown): unknown[] {
  const path = '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json';
  const schema = JSON.parse(readFileSync(createRequire(import.meta.url).resolve(path), 'utf8'));
  const draft4 = new Draft4({
    allErrors: true,
    strict: false,
    validateFormats: false,
    // A pattern of the schema is none in the Unicode mode.
    unicodeRegExp: false,
  });
  draft4.validate(schema, document);
  return draft4.errors ?? [];
}
