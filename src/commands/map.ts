import { answerMap, type MapOptions, mapStatus } from '../answers/map.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { MAP_FORMATS } from '../render/map/formats.js';
import type { SourceOptions } from './declarations.js';
import { answerEach } from './each-source.js';
import { drawSvg, requireOneDrawn, type SvgOptions } from './svg.js';

export interface MapCommandOptions extends SourceOptions, MapOptions, SvgOptions {
  raw?: boolean;
  /** Whether the status is 0 whatever the answer is. */
  exitZero?: boolean;
}

/** `dmar map`: the guest-visible PFN map of each source. */
export async function run(paths: string[], options: MapCommandOptions): Promise<ExitStatus> {
  requireOneDrawn(paths, options);
  requireOneBuffer(paths, options);
  return answerEach(
    paths,
    { ...options, ...(options.raw ? { format: 'raw' } : {}), whole: isOne(options) },
    MAP_FORMATS,
    (evidence) => answerMap(evidence, options),
    async (answer) => {
      await drawSvg(options, async () => {
        const { mapPicture } = await import('../render/map/picture.js');
        return mapPicture(answer);
      });
      return options.exitZero ? EXIT.fine : mapStatus(answer);
    },
  );
}

/** Whether the output has room for one source alone, so that a directory is not walked. */
const isOne = ({ raw, svg }: MapCommandOptions): boolean => raw === true || svg !== undefined;

/** @throws Failure where the buffer's bytes would not be alone on standard output, or not in the format asked for */
function requireOneBuffer(paths: readonly string[], { raw, format }: MapCommandOptions): void {
  if (!raw || (paths.length <= 1 && format === 'table')) return;
  const message =
    paths.length > 1
      ? '--raw prints the buffer of one source, and more than one is given.'
      : `--raw prints bytes, not ${format}.`;
  throw new Failure('one-buffer', message, undefined, EXIT.usage);
}
