import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { RULES_BY_ID } from '../check/rules.js';
import { wrap } from '../render/basics/text.js';
import { COMMANDS, type GlobalOptions } from './declarations.js';
import { nearestName } from './nearest.js';
import { print } from './output.js';
import { helpText } from './program.js';
import { printRule } from './rules.js';
import { pageOf } from './terminal.js';
import { TOPICS } from './topics.js';

/** `dmar help`: explains a command, a rule or a topic. */
export async function run([name]: string[], options: GlobalOptions): Promise<ExitStatus> {
  if (name === undefined) {
    await print(`${helpText(null)}\nTopics for dmar help: ${Object.keys(TOPICS).join(', ')}\n`);
    return EXIT.fine;
  }
  const rule = RULES_BY_ID.get(name);
  const topic = Object.hasOwn(TOPICS, name) ? TOPICS[name] : undefined;
  if (Object.hasOwn(COMMANDS, name)) await print(helpText(name));
  else if (rule !== undefined) await printRule(rule, { ...options, format: 'table' });
  else if (topic !== undefined) {
    const { columns } = await pageOf(options);
    await print(`${topic.map((paragraph) => wrap(paragraph, columns)).join('\n\n')}\n`);
  } else throw unknownTopic(name);
  return EXIT.fine;
}

function unknownTopic(name: string): Failure {
  const all = [...Object.keys(COMMANDS), ...Object.keys(TOPICS), ...RULES_BY_ID.keys()];
  const near = nearestName(name, all);
  return new Failure(
    'unknown-topic',
    `There is no command, rule or topic "${name}".${near === null ? '' : ` Did you mean "${near}"?`}`,
    'dmar help lists commands and topics, dmar check --list the rules.',
    EXIT.usage,
  );
}
