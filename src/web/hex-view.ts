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
  const fields: HTMLElement[] = [];
  const fieldOfByte = new Map<number, HTMLElement>();
  const body = h('tbody');
  const addPart = ({ heading, fields: own }: ListedPart, depth: number) => {
    const indent = '\u00a0'.repeat(2 * depth);
    body.append(h('tr', {}, h('th', { colspan: '3', scope: 'rowgroup' }, indent + heading)));
    for (const field of own) addField(field, indent, depth);
  };
  const addField = (field: ListedField, indent: string, depth: number) => {
    const { name, offset, length, value, meaning, entries } = field;
    const row = h(
      'tr',
      // Tab comes to the first; from there the arrows lead to the others.
      { tabindex: fields.length === 0 ? '0' : '-1', 'data-bytes': `${offset} ${length}` },
      h('td', {}, indent + name),
      h('td', {}, value),
      h('td', { class: 'faint' }, meaning),
    );
    body.append(row);
    fields.push(row);
    for (let at = offset; at < offset + length; at++) fieldOfByte.set(at, row);
    for (const entry of entries) addPart(entry, depth + 1);
  };
  for (const part of parts) addPart(part, 0);

  const lines = h('pre', {
    class: 'bytes',
    role: 'region',
    tabindex: '0',
    'aria-label': 'Bytes of the table',
  });
  for (const [i, cell] of cells.entries()) {
    if (i % LINE === 0) lines.append(`${i === 0 ? '' : '\n'}${hexDigits(i, 4)}  `);
    lines.append(cell, ' ');
  }
  const listed = h(
    'div',
    { class: 'scroll', role: 'region', 'aria-label': 'Fields of the table' },
    h('table', {}, body),
  );

  let lit: readonly HTMLElement[] = [];
  /** Lights a field and its bytes up, and nothing else; `beside` is the box that the other of the two is brought into. */
  const light = (field: HTMLElement | null | undefined, beside: HTMLElement) => {
    for (const element of lit) element.classList.remove('lit');
    const [offset = 0, length = 0] = (field?.dataset.bytes ?? '').split(' ').map(Number);
    lit = field == null ? [] : [field, ...cells.slice(offset, offset + length)];
    for (const element of lit) element.classList.add('lit');
    const other = beside === listed ? field : cells[offset];
    if (field != null && other != null) bringInto(beside, other);
  };
  const fieldAt = (event: Event) => (event.target as Element).closest<HTMLElement>('[data-bytes]');
  lines.addEventListener('pointerover', ({ target }) =>
    light(fieldOfByte.get(Number((target as HTMLElement).dataset.at ?? -1)), listed),
  );
  for (const event of ['pointerover', 'focusin'])
    body.addEventListener(event, (event) => light(fieldAt(event), lines));
  for (const event of ['pointerleave', 'focusout'])
    for (const box of [lines, body]) box.addEventListener(event, () => light(null, lines));
  body.addEventListener('keydown', (event) => {
    const from = fieldAt(event);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const to = fields[fields.indexOf(from as HTMLElement) + (step ?? 0)];
    if (step === undefined || from === null || to === undefined) return;
    event.preventDefault();
    from.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });
  return h(
    'section',
    {},
    h('h3', {}, 'The table, field by field'),
    h('div', { class: 'hex' }, lines, listed),
  );
}

/** Scrolls a box so that what is in it is seen, and nothing around the box. */
function bringInto(box: HTMLElement, element: HTMLElement): void {
  const { top, bottom } = element.getBoundingClientRect();
  const { top: first, bottom: last } = box.getBoundingClientRect();
  if (top < first || bottom > last) box.scrollTop += top - (first + last) / 2;
}
