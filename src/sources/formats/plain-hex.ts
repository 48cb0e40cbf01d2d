import type { TextFormat } from './format.js';
import { beginsAsTable } from './hex-lines.js';

/** A text of nothing but hexadecimal digits and blanks, as `xxd -p` prints it. */
export const plainHex: TextFormat = {
  detect: (text) => /^[\s0-9a-f]*$/i.test(text),
  read: (text) => {
    const bytes = Buffer.from(text.replace(/\s+/g, ''), 'hex');
    const tables = beginsAsTable(bytes) ? [{ bytes, notes: [] }] : [];
    return { kind: 'table', form: 'hexdump', tables };
  },
};
