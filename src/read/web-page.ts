import { readFileSync } from 'node:fs';
import { Failure } from '../base/failure.js';

/** Where the executable has the files that were put into it; the page is one of them. */
const EMBEDDED = '/$bunfs/';

/**
 * The page for browsers, as the build made it: a file of the package, or one in the executable.
 *
 * @throws Failure `no-page` where the build has left it out
 */
export function readWebPage(): string {
  const place = process.argv[1]?.startsWith(EMBEDDED)
    ? `${EMBEDDED}root/dmar.html`
    : new URL('../web/dmar.html', import.meta.url);
  try {
    return readFileSync(place, 'utf8');
  } catch (error) {
    throw new Failure(
      'no-page',
      `The page is missing from this installation: ${(error as Error).message}.`,
    );
  }
}
