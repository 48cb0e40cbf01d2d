import { answerMap, type MapOptions } from '../answers/map.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { MAP_FORMATS } from '../render/map/formats.js';
import type { SourceOptions } from './declarations.js';
import { answerEach } from './each-source.js';
import { drawSvg, requireOneDrawn, type SvgOptions } from './svg.js';

export interface MapCommandOptions extends SourceOptions, MapOptions, SvgOptions {
  raw?: boolean;
}

/** `dmar map`: the guest-visible PFN map of each source. */
export async function run(paths: string[], options: MapCommandOptions): Promise<ExitStatus> {
  requireOneDrawn(paths, options);
  requireOneBuffer(paths, options);
  return answerEach(
    paths,
    options.raw ? { ...options, format: 'raw' } : options,
    MAP_FORMATS,
    (evidence) => answerMap(evidence, options),
    async (answer) => {
      await drawSvg(options, async () => {
        const { mapPicture } = await import('../render/map/picture.js');
        return mapPicture(answer);
      });
      return answer.result.answer?.rc === 0 ? EXIT.fine : EXIT.no;
    },
  );
}

/** @throws Failure where the buffer's bytes would not be alone on standard output, or not in the format asked for */
function requireOneBuffer(paths: readonly string[], { raw, format }: MapCommandOptions): void {
  if (!raw || (paths.length <= 1 && format === 'table')) return;
  const message =
    paths.length > 1
      ? '--raw prints the buffer of one source, and more than one is given.'
      : `--raw prints bytes, not ${format}.`;
  throw new Failure('one-buffer', message, undefined, EXIT.usage);
}
