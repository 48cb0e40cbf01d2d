import { EXIT, Failure } from '../base/failure.js';
import { VERSION } from '../base/version.js';
import type { CommandDeclaration, Commands, OptionDeclaration, Run } from './declaration.js';
import { print } from './output.js';

/** Text as roff takes it: backslashes, hyphens and a line's first dot or quote lose their meaning to it. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&');

const bold = (text: string): string => `\\fB${roff(text)}\\fR`;

/** Flags and operands in bold, places for values in italics: `--xen <release>`, `[source...]`. */
const marked = (usage: string): string =>
  usage
    .split(/(<[^<>]+>|\[[^[\]]+\])/)
    .map((part) => {
      const place = /^[<[](\w[\w-]*)(\.\.\.)?[>\]]$/.exec(part);
      if (place === null) return part === '' ? '' : bold(part);
      const dots = place[2] === undefined ? '' : ' \\&...';
      const word = `\\fI${roff(place[1] as string)}\\fR${dots}`;
      return part.startsWith('[') ? `[${word}]` : word;
    })
    .join('');

const section = (title: string, ...lines: string[]): string =>
  [`.SH ${title}`, ...lines].join('\n');

const paragraphs = (texts: readonly string[]): string => texts.map(roff).join('\n.PP\n');

/** A list of things and what they are. */
const tagged = (items: readonly (readonly [tag: string, text: string])[]): string =>
  items.map(([tag, text]) => `.TP\n${tag}\n${roff(text)}`).join('\n');

/** What a person reads of an option: what it is for, what it takes, what stands in where it is left out. */
function optionText({ about, choices, default: value, required }: OptionDeclaration): string {
  const more = [
    ...(choices === undefined ? [] : [`one of ${choices.join(', ')}`]),
    ...(value === undefined ? [] : [`default: ${value}`]),
    ...(required ? ['required'] : []),
  ];
  return more.length === 0 ? about : `${about} (${more.join('; ')})`;
}

const EXIT_STATUS = [
  ['0', 'fine'],
  ['1', 'the answer is no'],
  ['2', 'wrong usage'],
  ['3', 'no table could be read, or what was read is incomplete'],
] as const;

const exitStatus = ({ status }: CommandDeclaration) =>
  status === undefined
    ? EXIT_STATUS
    : Object.entries({ ...status, 2: 'wrong usage' }).sort(([a], [b]) => (a < b ? -1 : 1));

const ENVIRONMENT = [
  ['NO_COLOR, FORCE_COLOR', 'whether output is coloured where --color is auto'],
  ['COLUMNS', 'width of the output where it is no terminal'],
] as const;

const exampleLines = ({ examples = [] }: CommandDeclaration): string =>
  examples.map(([command, what]) => `.TP\n${bold(command)}\n${roff(what)}`).join('\n');

/** Name of a command's page: `dmar-map`. */
const pageName = (command: string): string => `dmar-${command}`;

const heading = (name: string, about: string): string =>
  `.TH ${name.toUpperCase()} 1 "" "dmar ${VERSION}" "User Commands"\n${section('NAME', `${roff(name)} \\- ${roff(about)}`)}`;

/** The manual page dmar(1): what the program is for, and its commands. */
function programPage(commands: Commands): string {
  const list = Object.entries(commands).map(
    ([name, declaration]) => [`\\fBdmar\\-${name}\\fR(1)`, declaration().about] as const,
  );
  return [
    heading('dmar', 'inspect the ACPI DMAR table and its reserved memory regions'),
    section(
      'SYNOPSIS',
      `${bold('dmar')} [\\fIcommand\\fR] [\\fIsource\\fR \\&...] [\\fIoptions\\fR]`,
    ),
    section(
      'DESCRIPTION',
      paragraphs([
        'Firmware tells the operating system in the DMAR table which memory some devices go on using behind its back: RMRRs, reserved memory regions. They are why Xen and VFIO refuse devices. dmar reads the table, a log or a captured machine, and says which guest frames are taken, which devices can be passed through, and what is wrong with the table.',
        'A source is a binary table, the text of acpidump, a hex dump, a listing of iasl or the log of a kernel, compressed or not, or a directory or archive of a captured host. - reads standard input. Without a source, this machine is inspected, which needs root.',
      ]),
    ),
    section('COMMANDS', tagged(list)),
    section('EXIT STATUS', tagged(EXIT_STATUS)),
    section('ENVIRONMENT', tagged(ENVIRONMENT)),
    section(
      'FILES',
      tagged([
        ['/sys/firmware/acpi/tables/DMAR', 'the table of this machine; RMAD or XMAR on a Xen dom0'],
      ]),
    ),
    section('SEE ALSO', seeAlso(Object.keys(commands)), '.BR iasl (1),', '.BR lspci (8)'),
  ].join('\n');
}

const seeAlso = (commands: readonly string[]): string =>
  commands.map((name) => `.BR dmar\\-${name} (1),`).join('\n');

function commandPage(name: string, declaration: CommandDeclaration): string {
  const { about, description = [], operands, options } = declaration;
  const usage = [bold(`dmar ${name}`), ...operands.map(([operand]) => marked(operand))].join(' ');
  return [
    heading(pageName(name), about),
    section('SYNOPSIS', `${usage} [\\fIoptions\\fR]`),
    ...(description.length === 0 ? [] : [section('DESCRIPTION', paragraphs(description))]),
    ...(operands.length === 0
      ? []
      : [section('OPERANDS', tagged(operands.map(([operand, what]) => [marked(operand), what])))]),
    section('OPTIONS', tagged(options.map((option) => [marked(option.flags), optionText(option)]))),
    ...(declaration.examples === undefined ? [] : [section('EXAMPLES', exampleLines(declaration))]),
    section('EXIT STATUS', tagged(exitStatus(declaration))),
    section('SEE ALSO', '.BR dmar (1)'),
  ].join('\n');
}

/**
 * A manual page in roff, for man(1), made of a command's declaration.
 *
 * @param command its name; undefined for the page of the program itself
 * @throws Failure for a command that is not there
 */
export function manPage(command: string | undefined, commands: Commands): string {
  if (command === undefined) return `${programPage(commands)}\n`;
  const declare = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (declare === undefined) {
    const message = `There is no command ${JSON.stringify(command)}.`;
    throw new Failure('unknown-command', message, undefined, EXIT.usage);
  }
  return `${commandPage(command, declare())}\n`;
}

/** `dmar manual`, over the commands of the program. */
export function manualCommand(commands: Commands): { run: Run } {
  return {
    async run([command], { list }: { list?: boolean }) {
      const names = Object.keys(commands).map((name) => `${name}\n`);
      await print(list ? names.join('') : manPage(command, commands));
      return EXIT.fine;
    },
  };
}
