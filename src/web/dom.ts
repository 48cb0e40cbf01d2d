type Child = Node | string | null;

/**
 * Makes an element. Text goes in as text, never as markup, whatever it says.
 *
 * @param attributes `class`, `for` and so on as in HTML; a function is called on the event of its name
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | boolean | ((event: Event) => void)>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The element of the page that has an id. */
export const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

/** Most items of a list, or rows of a table, that are drawn: its document has all of them. */
const MOST = 500;

/**
 * Draws the items of a list, and behind the first 500 how many more there are.
 *
 * @param around makes an element of what is said last
 */
export const drawEach = <T, E extends Node>(
  items: readonly T[],
  draw: (item: T) => E,
  around: (text: string) => E,
): E[] => [
  ...items.slice(0, MOST).map(draw),
  ...(items.length > MOST ? [around(`${items.length - MOST} more are in the JSON below.`)] : []),
];

/**
 * A table in a box that scrolls sideways where the screen is narrow.
 *
 * @param label what the box is called where it is not seen
 */
export const tableOf = (
  label: string,
  headings: readonly string[],
  rows: readonly (readonly (Node | string)[])[],
): HTMLElement =>
  h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...headings.map((text) => h('th', { scope: 'col' }, text)))),
      h(
        'tbody',
        {},
        ...drawEach(
          rows,
          (row) => h('tr', {}, ...row.map((cell) => h('td', {}, cell))),
          (text) => h('tr', {}, h('td', { colspan: String(headings.length) }, text)),
        ),
      ),
    ),
  );
