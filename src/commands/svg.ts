import { EXIT, Failure } from '../base/failure.js';
import type { Picture } from '../render/basics/address-space.js';

/** Options of the commands that draw. */
export interface SvgOptions {
  /** Where the picture goes; none is drawn where it is left out. */
  svg?: string;
  /** Whether a file that is there is replaced. */
  force?: boolean;
}

/** @throws Failure where more sources are given than a picture can show, or no file to draw it into */
export function requireOneDrawn(paths: readonly string[], { svg }: SvgOptions): void {
  if (svg === '-') {
    const message = '--svg needs the name of a file: standard output is for the answer.';
    throw new Failure('no-picture-file', message, undefined, EXIT.usage);
  }
  if (svg === undefined || paths.length <= 1) return;
  const message = '--svg draws one source, and more than one is given.';
  throw new Failure('one-picture', message, undefined, EXIT.usage);
}

/**
 * Draws an address space into the file of `--svg`, if there is to be one.
 *
 * @param picture loads what is to be drawn
 */
export async function drawSvg(
  { svg, force = false }: SvgOptions,
  picture: () => Promise<Picture>,
): Promise<void> {
  if (svg === undefined) return;
  const { addressSpaceSvg } = await import('../render/basics/svg.js');
  const { writeNewFile } = await import('../write/new-file.js');
  writeNewFile(svg, addressSpaceSvg(await picture()), { force });
}
