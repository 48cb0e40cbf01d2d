import type { ListedField, ListedPart } from '../acpi/listing.js';
import { hexDigits } from '../base/hex.js';
import { h } from './dom.js';

/** Bytes in a line. */
const LINE = 16;

/**
 * A table's fields beside its bytes. Pointing at a field, or moving to it by keyboard, lights up its bytes;
 * pointing at a byte lights up its field.
 */
export function hexView(parts: Iterable<ListedPart>, bytes: Uint8Array): HTMLElement {
  const cells = Array.from(bytes, (byte, i) =>
    h('span', { 'data-at': String(i) }, hexDigits(byte, 2)),
  );
  const rowOfByte = new Map<number, HTMLElement>();
  const rows: HTMLElement[] = [];
  const light = (row: HTMLElement, on: boolean) => {
    row.classList.toggle('lit', on);
    const [offset = 0, length = 0] = (row.dataset.bytes ?? '').split(' ').map(Number);
    for (const cell of cells.slice(offset, offset + length)) cell.classList.toggle('lit', on);
  };
  const addField = (
    { name, offset, length, value, meaning, entries }: ListedField,
    depth: number,
  ) => {
    const row = h(
      'tr',
      { tabindex: '0', 'data-bytes': `${offset} ${length}` },
      h('td', {}, `${'\u00a0'.repeat(2 * depth)}${name}`),
      h('td', {}, value),
      h('td', { class: 'faint' }, meaning),
    );
    for (const event of ['pointerenter', 'focus'])
      row.addEventListener(event, () => light(row, true));
    for (const event of ['pointerleave', 'blur'])
      row.addEventListener(event, () => light(row, false));
    rows.push(row);
    for (let at = offset; at < offset + length; at++) rowOfByte.set(at, row);
    for (const entry of entries) addPart(entry, depth + 1);
  };
  const addPart = ({ heading, fields }: ListedPart, depth: number) => {
    rows.push(
      h(
        'tr',
        {},
        h('th', { colspan: '3', scope: 'rowgroup' }, `${'\u00a0'.repeat(2 * depth)}${heading}`),
      ),
    );
    for (const field of fields) addField(field, depth);
  };
  for (const part of parts) addPart(part, 0);
  const lines = h('pre', { class: 'bytes', 'aria-label': 'Bytes of the table' });
  for (const [i, cell] of cells.entries()) {
    if (i % LINE === 0) lines.append(`${i === 0 ? '' : '\n'}${hexDigits(i, 4)}  `);
    lines.append(cell, ' ');
    for (const event of ['pointerenter', 'pointerleave']) {
      cell.addEventListener(event, () => {
        const row = rowOfByte.get(i);
        if (row !== undefined) light(row, event === 'pointerenter');
      });
    }
  }
  return h(
    'section',
    {},
    h('h2', {}, 'The table, field by field'),
    h(
      'div',
      { class: 'hex' },
      lines,
      h('div', { class: 'scroll' }, h('table', {}, h('tbody', {}, ...rows))),
    ),
  );
}
