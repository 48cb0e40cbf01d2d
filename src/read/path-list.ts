import { createReadStream } from 'node:fs';
import { Failure } from '../base/failure.js';
import { PATH_MAX } from '../evidence/tree.js';
import { explainErrno } from './bounded-read.js';
import { fromSystem, toSystem } from './system-path.js';

/** What each path of a list ends in. */
const END = { newline: 0x0a, nul: 0 } as const;

/**
 * The paths that a list names, as it is read, so that one of millions takes no more memory than a short one. Empty
 * lines are passed over, and `-` is a file of that name.
 *
 * @param list a file; `-` is standard input
 * @throws Failure `bad-list` for a path that is none, and as other files do where the list cannot be read
 */
export async function* pathsIn(list: string, end: keyof typeof END): AsyncGenerator<string> {
  const name = list === '-' ? 'Standard input' : list;
  const stream = list === '-' ? process.stdin : createReadStream(toSystem(list));
  let count = 0;
  const pathOf = (bytes: Uint8Array): string[] => {
    count++;
    const why =
      bytes.length > PATH_MAX
        ? `is longer than a path can be (${PATH_MAX} bytes)`
        : bytes.includes(0)
          ? 'holds a NUL byte; --null reads a list of paths that end in one'
          : null;
    if (why !== null) throw new Failure('bad-list', `${name}: line ${count} of the list ${why}.`);
    if (bytes.length === 0) return [];
    const path = fromSystem(bytes);
    return [path === '-' ? './-' : path];
  };
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let at = bytes.indexOf(END[end]); at >= 0; at = bytes.indexOf(END[end], from)) {
        yield* pathOf(bytes.subarray(from, at));
        from = at + 1;
      }
      rest = bytes.subarray(from);
      if (rest.length > PATH_MAX) yield* pathOf(rest);
    }
  } catch (error) {
    throw error instanceof Failure ? error : explainErrno(error, name);
  }
  if (rest.length > 0) yield* pathOf(rest);
}
