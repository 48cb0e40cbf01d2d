import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { completionFor, SHELLS, type Shell } from '../../src/commands/completion.js';
import { COMMANDS } from '../../src/commands/declarations.js';
import { hasTool, scratch } from '../support/tools.js';

const { path, dispose } = scratch();
afterAll(dispose);
for (const shell of Object.keys(SHELLS) as Shell[]) {
  writeFileSync(path(shell), completionFor(shell, COMMANDS));
}
mkdirSync(path('fpath'));
writeFileSync(path('fpath/_dmar'), completionFor('zsh', COMMANDS));

/** What a shell offers for the words of a command line, the last of which is being typed. */
const offers: Record<Shell, (words: string[]) => string[]> = {
  bash: (words) => {
    const script = `compopt() { :; }; source ${path('bash')}
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
      _dmar; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return lines(execFileSync('bash', ['-c', script]));
  },
  fish: (words) => {
    const script = `source ${path('fish')}; complete -C '${words.join(' ')}'`;
    return lines(execFileSync('fish', ['--no-config', '-c', script])).map(
      (line) => line.split('\t')[0] as string,
    );
  },
  // Completion of zsh works on its own line editor alone; this has it list what it finds instead.
  zsh: (words) => {
    const script = `fpath=(${path('fpath')} $fpath); autoload -Uz compinit; compinit -u -d ${path('dump')}
      zmodload zsh/zpty; zpty z zsh -f -i
      zpty -w z "PS1=; fpath=(${path('fpath')} \\$fpath); autoload -Uz compinit; compinit -u -d ${path('dump')}"
      zpty -w z "zstyle ':completion:*' list-prompt ''; bindkey '^I' list-choices; stty -echo; echo READY"
      until zpty -r z line && [[ $line == *READY* && $line != *echo* ]]; do :; done
      zpty -w -n z "${words.join(' ')}"$'\\t'; sleep 1
      zpty -w z $'\\C-u'"echo DONE"
      while zpty -r z line; do print -r -- $line; [[ $line == *DONE* ]] && break; done; zpty -d z`;
    const text = execFileSync('zsh', ['-f', '-c', script], { timeout: 20_000 }).toString();
    return stripVTControlCharacters(text).split(/\s+/);
  },
};

const lines = (bytes: Uint8Array): string[] =>
  bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '');

describe.each(Object.keys(SHELLS) as Shell[])('%s', (shell) => {
  const skip = !hasTool(shell);

  test.skipIf(skip)('completes the name of a command', () => {
    expect(offers[shell](['dmar', 'de'])).toContain('devices');
    expect(offers[shell](['dmar', 'de'])).not.toContain('guest');
  });

  test.skipIf(skip)('completes options of the command that stands there, and of no other', () => {
    const words = offers[shell](['dmar', 'check', '--fa']);
    expect(words).toContain('--fail-on');
    expect(offers[shell](['dmar', 'show', '--fa'])).not.toContain('--fail-on');
  });

  test.skipIf(skip)('completes the values of an option that has a few', () => {
    const words = offers[shell](['dmar', 'check', '--format', 's']);
    expect(words).toContain('sarif');
    expect(words).not.toContain('junit');
  });

  test.skipIf(skip)('takes options without a command for those of map', () => {
    expect(offers[shell](['dmar', '--nr'])).toContain('--nr-entries');
  });
});
