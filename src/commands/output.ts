import { writeSync } from 'node:fs';
import type { Diagnostic } from '../acpi/diagnostic.js';
import { EXIT, Failure } from '../base/failure.js';
import { oneLine } from '../base/printable.js';
import { toJsonText } from '../render/basics/json.js';
import { columnsOf } from './terminal.js';

/** File descriptors of the standard streams. */
const STDOUT = 1;
const STDERR = 2;

/** Streams that cannot be written any more. */
const abandoned = new Set<number>();

/**
 * Writes to standard output and waits until it is taken, so that memory stays flat on a slow pipe. Where
 * nobody reads any more, as after `| head`, it does nothing: that is no error.
 */
export const print = (data: string | Uint8Array): Promise<void> => write(STDOUT, data);

/** Whether anybody still reads standard output: long work is in vain where nobody does. */
export const isRead = (): boolean => !abandoned.has(STDOUT);

/** Writes a line to standard error, on a terminal broken between words. */
export async function complain(text: string): Promise<void> {
  const { isatty } = await import('node:tty');
  const line = oneLine(text);
  await write(STDERR, `${isatty(STDERR) ? await fitted(line) : line}\n`);
}

async function fitted(text: string): Promise<string> {
  const { wrap } = await import('../render/basics/text.js');
  const columns = columnsOf(process.stderr, process.env);
  return text
    .split('\n')
    .map((line) => wrap(line, columns))
    .join('\n');
}

/** Tells of a source, on standard error, what is worth knowing and what is wrong or dubious. */
export async function complainOf(
  path: string,
  notes: readonly string[],
  diagnostics: readonly Pick<Diagnostic, 'severity' | 'message'>[],
): Promise<void> {
  for (const note of notes) await complain(`dmar: ${path}: ${note}`);
  for (const { severity, message } of diagnostics) {
    if (severity !== 'info') await complain(`dmar: ${path}: ${severity}: ${message}`);
  }
}

/** Milliseconds before a pipe that was full is tried again. */
const PAUSE = 5;

/** Writes to the descriptor itself: Node's streams take longer to set up than most tables to map. */
async function write(fd: number, data: string | Uint8Array): Promise<void> {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  for (let at = 0; at < bytes.length && !abandoned.has(fd); ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') await new Promise((resolve) => setTimeout(resolve, PAUSE));
      else {
        abandoned.add(fd);
        if (fd === STDERR || code === 'EPIPE') continue;
        throw new Failure(
          'unwritable',
          `Standard output cannot be written: ${message}.`,
          undefined,
          EXIT.usage,
        );
      }
    }
  }
}

/**
 * Reports why a command could not do its work on standard error: a sentence and a hint, or in JSON mode
 * the object that the contract for scripts describes.
 */
export async function reportFailure(failure: Failure, json: boolean): Promise<void> {
  const { code, message, more, hint } = failure;
  if (json) {
    const error = {
      code,
      message: [message, ...more].join('\n'),
      ...(hint === undefined ? {} : { hint }),
    };
    await write(STDERR, toJsonText({ error }, 0));
    return;
  }
  await complain(`dmar: ${message}`);
  for (const line of more) await complain(`dmar: ${line}`);
  if (hint !== undefined) await complain(`dmar: ${hint}`);
}
