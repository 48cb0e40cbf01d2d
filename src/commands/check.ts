import { readBaseline } from '../answers/baseline.js';
import {
  answerCheck,
  type CheckOptions,
  checkStatus,
  requireRule,
  selectRules,
} from '../answers/check.js';
import { EXIT, type ExitStatus } from '../base/failure.js';
import { CHECK_FORMATS } from '../render/check/formats.js';
import { requireReleases } from '../xen/releases.js';
import type { SourceOptions } from './declarations.js';
import { answerEach } from './each-source.js';
import { readRc, readTextFile } from './rc.js';

export interface CheckCommandOptions extends SourceOptions, Omit<CheckOptions, 'baseline'> {
  list?: boolean;
  explain?: string;
  /** A file that an earlier check printed. */
  baseline?: string;
  /** A file of settings. */
  rc?: string;
}

/** `dmar check`: what is wrong with each table. */
export async function run(paths: string[], given: CheckCommandOptions): Promise<ExitStatus> {
  const options = await withSettings(given);
  const rules = selectRules(options);
  if (given.explain !== undefined || given.list) {
    const { printRule, printRules } = await import('./rules.js');
    if (given.explain === undefined) await printRules(rules, given);
    else await printRule(requireRule(given.explain), given);
    return EXIT.fine;
  }
  return answerEach(
    paths,
    given,
    CHECK_FORMATS,
    (evidence) => answerCheck(evidence, options),
    checkStatus,
  );
}

/** The options, with those of the files that they name. */
async function withSettings({
  rc,
  baseline,
  ...given
}: CheckCommandOptions): Promise<CheckOptions> {
  const { fail_on, ...settings } = rc === undefined ? {} : await readRc(rc);
  if (settings.xen !== undefined) requireReleases(settings.xen);
  return {
    ...settings,
    ...(fail_on === undefined ? {} : { failOn: fail_on as CheckOptions['failOn'] }),
    ...given,
    ...(baseline === undefined
      ? {}
      : { baseline: readBaseline(await readTextFile(baseline), baseline) }),
  };
}
