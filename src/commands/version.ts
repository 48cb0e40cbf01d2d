import { EXIT, type ExitStatus } from '../base/failure.js';
import { COMMIT, VERSION } from '../base/version.js';
import { RULES } from '../check/rules.js';
import { toJsonText } from '../render/basics/json.js';
import { releaseNames } from '../xen/releases.js';
import type { GlobalOptions } from './declarations.js';
import { print } from './output.js';

/** `dmar version`: what this program is, and which releases and rules it knows. */
export async function run(
  _: string[],
  { json }: GlobalOptions & { json?: boolean },
): Promise<ExitStatus> {
  const engine = process.versions.bun ? 'executable' : `Node.js ${process.version}`;
  const xen = releaseNames();
  if (json) {
    const document = { version: VERSION, commit: COMMIT, engine, xen, rules: RULES.length };
    await print(toJsonText(document));
    return EXIT.fine;
  }
  await print(
    [
      `dmar ${VERSION}${COMMIT === null ? '' : ` (${COMMIT})`}, ${engine}`,
      `Xen     ${xen[0]}, ${xen[1]} to ${xen.at(-1)}`,
      `Rules   ${RULES.length}`,
      '',
    ].join('\n'),
  );
  return EXIT.fine;
}
