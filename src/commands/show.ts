import { answerShow } from '../answers/show.js';
import { EXIT, type ExitStatus } from '../base/failure.js';
import { SHOW_FORMATS } from '../render/show/formats.js';
import type { SourceOptions } from './declarations.js';
import { answerEach } from './each-source.js';

export interface ShowCommandOptions extends SourceOptions {
  hex?: boolean;
}

/** `dmar show`: every field of every structure of each source. */
export const run = (paths: string[], options: ShowCommandOptions): Promise<ExitStatus> =>
  answerEach(paths, options, SHOW_FORMATS, answerShow, () => EXIT.fine);
