import {
  answerCheck,
  type CheckOptions,
  checkStatus,
  requireRule,
  selectRules,
} from '../answers/check.js';
import { EXIT, type ExitStatus } from '../base/failure.js';
import { CHECK_FORMATS } from '../render/check/formats.js';
import type { SourceOptions } from './declarations.js';
import { answerEach } from './each-source.js';

export interface CheckCommandOptions extends SourceOptions, CheckOptions {
  list?: boolean;
  explain?: string;
}

/** `dmar check`: what is wrong with each table. */
export async function run(paths: string[], options: CheckCommandOptions): Promise<ExitStatus> {
  const rules = selectRules(options);
  if (options.explain !== undefined || options.list) {
    const { printRule, printRules } = await import('./rules.js');
    if (options.explain === undefined) await printRules(rules, options);
    else await printRule(requireRule(options.explain), options);
    return EXIT.fine;
  }
  return answerEach(
    paths,
    options,
    CHECK_FORMATS,
    (evidence) => answerCheck(evidence, options),
    checkStatus,
  );
}
