import { EXIT, Failure } from '../base/failure.js';
import type { CommandDeclaration, Commands, OptionDeclaration, Run } from './declaration.js';
import { print } from './output.js';

/** Shells that completions are made for, and the name of the file that each looks for. */
export const SHELLS = { bash: 'dmar', zsh: '_dmar', fish: 'dmar.fish' } as const;

export type Shell = keyof typeof SHELLS;

/** An option as a shell sees it. */
interface Flag {
  readonly short: string | null;
  readonly long: string | null;
  readonly about: string;
  /** What stands for the value; null where the option takes none. */
  readonly value: string | null;
  readonly choices: readonly string[];
}

const HELP: Flag = {
  short: '-h',
  long: '--help',
  about: 'display help for command',
  value: null,
  choices: [],
};

function flagOf({ flags, about, choices = [] }: OptionDeclaration): Flag {
  const words = flags.split(/[ ,]+/);
  return {
    short: words.find((word) => /^-\w$/.test(word)) ?? null,
    long: words.find((word) => word.startsWith('--')) ?? null,
    about,
    value: words.find((word) => /^[<[]/.test(word))?.replace(/[<>[\]]/g, '') ?? null,
    choices,
  };
}

const flagsOf = (command: CommandDeclaration): Flag[] => [...command.options.map(flagOf), HELP];

const spellings = ({ short, long }: Flag): string[] =>
  [short, long].filter((word) => word !== null);

const declared = (commands: Commands): [name: string, command: CommandDeclaration][] =>
  Object.entries(commands).map(([name, declare]) => [name, declare()]);

const namesOf = (commands: Commands): string => Object.keys(commands).join(' ');

/** Completion for bash: options of the command, values of those that have a few, else files. */
function bash(commands: Commands): string {
  const names = namesOf(commands);
  const cases = declared(commands).map(([name, command]) => {
    const flags = flagsOf(command);
    const choices = flags
      .filter((flag) => flag.choices.length > 0)
      .map(
        (flag) =>
          `        ${spellings(flag).join('|')}) COMPREPLY=($(compgen -W '${flag.choices.join(' ')}' -- "$cur")); return ;;`,
      );
    const files = flags
      .filter((flag) => flag.value !== null && flag.choices.length === 0)
      .flatMap(spellings)
      .join('|');
    return [
      `    ${name})`,
      '      case $prev in',
      ...choices,
      ...(files === '' ? [] : [`        ${files}) compopt -o default; return ;;`]),
      '      esac',
      `      words='${flags.flatMap(spellings).join(' ')}' ;;`,
    ].join('\n');
  });
  return `# bash completion for dmar
_dmar() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=map words=
  COMPREPLY=()
  # bash splits words at colons and equals signs; addresses and values are left to it.
  if [[ $COMP_CWORD -gt 1 && " ${names} " == *" \${COMP_WORDS[1]} "* ]]; then
    command=\${COMP_WORDS[1]}
  fi
  case $command in
${cases.join('\n')}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  elif [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W '${names}' -- "$cur"))
    compopt -o default
  else
    compopt -o default
  fi
}
complete -F _dmar dmar
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Text inside a specification of zsh's _arguments. */
const zshText = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');

function zshSpec(flag: Flag): string {
  const value =
    flag.value === null
      ? ''
      : `:${zshText(flag.value)}:${flag.choices.length > 0 ? `(${flag.choices.join(' ')})` : '_files'}`;
  const [first = '', second] = spellings(flag);
  const rest = `[${zshText(flag.about)}]${value}`;
  if (second === undefined) return quoted(first + rest);
  return `${quoted(`(${first} ${second})`)}{${first},${second}}${quoted(rest)}`;
}

/** Completion for zsh, as a file of its function path. */
function zsh(commands: Commands): string {
  const names = namesOf(commands);
  const list = declared(commands).map(
    ([name, { about }]) => `    ${quoted(`${name}:${zshText(about)}`)}`,
  );
  const cases = declared(commands).map(([name, command]) => {
    const specs = [...flagsOf(command).map(zshSpec), quoted('*:source:_files')];
    return `    ${name})\n      _arguments \\\n        ${specs.join(' \\\n        ')} ;;`;
  });
  return `#compdef dmar
# zsh completion for dmar
_dmar() {
  local command=map
  local -a commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe -t commands command commands
    _files
    return
  fi
  if (( CURRENT > 2 )) && [[ " ${names} " == *" $words[2] "* ]]; then
    command=$words[2]
    shift words
    (( CURRENT-- ))
  fi
  case $command in
${cases.join('\n')}
  esac
}
_dmar "$@"
`;
}

/** Completion for fish. */
function fish(commands: Commands): string {
  const names = namesOf(commands);
  const of = (condition: string, ...rest: string[]) =>
    ['complete -c dmar', '-n', quoted(condition), ...rest].join(' ');
  const lines = declared(commands).flatMap(([name, command]) => {
    const used = `__fish_seen_subcommand_from ${name}`;
    const condition =
      name === 'map' ? `${used}; or not __fish_seen_subcommand_from ${names}` : used;
    return [
      of('__fish_use_subcommand', '-a', name, '-d', quoted(command.about)),
      ...flagsOf(command).map((flag) => {
        const words = [
          ...(flag.short === null ? [] : [`-s ${flag.short.slice(1)}`]),
          ...(flag.long === null ? [] : [`-l ${flag.long.slice(2)}`]),
        ];
        const value =
          flag.value === null
            ? []
            : flag.choices.length > 0
              ? ['-x', '-a', quoted(flag.choices.join(' '))]
              : ['-r'];
        return of(condition, ...words, ...value, '-d', quoted(flag.about));
      }),
    ];
  });
  return `# fish completion for dmar\n${lines.join('\n')}\n`;
}

const MAKERS: Readonly<Record<Shell, (commands: Commands) => string>> = { bash, zsh, fish };

/** The completion of commands, their options and the values of those for a shell. */
export const completionFor = (shell: Shell, commands: Commands): string => MAKERS[shell](commands);

/** `dmar completion`, over the commands of the program. */
export function completionCommand(commands: Commands): { run: Run } {
  return {
    async run([shell = '']) {
      if (!Object.hasOwn(SHELLS, shell)) {
        const message = `There is no completion for the shell ${JSON.stringify(shell)}.`;
        const hint = `There is one for ${Object.keys(SHELLS).join(', ')}.`;
        throw new Failure('unknown-shell', message, hint, EXIT.usage);
      }
      await print(completionFor(shell as Shell, commands));
      return EXIT.fine;
    },
  };
}
