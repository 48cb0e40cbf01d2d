/**
 * The globals that the pure rooms may use beside the language's own: Node and browsers have both, they
 * read and write nothing, and they answer at once. (Not among them, on purpose: timers, console, streams.)
 */
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string;
}

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
}
