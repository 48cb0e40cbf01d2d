import { decodeDmar } from '../../src/acpi/dmar/decode.js';
import { Failure } from '../../src/base/failure.js';
import { sourceOf } from '../../src/evidence/source-of.js';
import { NODE_TOOLS } from '../../src/read/tools.js';

/** Bytes that a source may stand for: few, so that a bomb is met soon. */
export const FUZZ_LIMIT = 2 ** 18;

/**
 * Reads bytes as a source of whatever form, and decodes the table they hold. Throws where a reader throws
 * anything but a Failure, or makes more of the bytes than it may.
 *
 * This is the target of a coverage-guided fuzzer as well: bundled as CommonJS
 * (`npx esbuild test/fuzz/sources.ts --bundle --platform=node --outfile=FUZZ/sources.cjs`) it runs with
 * `npx @jazzer.js/core FUZZ/sources.cjs --fuzzEntryPoint=fuzz FUZZ/corpus test/fuzz/seeds`.
 */
export async function fuzz(bytes: Uint8Array): Promise<void> {
  try {
    const source = await sourceOf(bytes, 'it', { limit: FUZZ_LIMIT }, NODE_TOOLS);
    if (source.kind !== 'table') return;
    const { length } = source.bytes;
    if (length > Math.max(FUZZ_LIMIT, bytes.length)) throw new Error(`made ${length} bytes`);
    decodeDmar(source.bytes);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}
