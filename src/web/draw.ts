import type { Json, JsonObject } from '../render/basics/json.js';
import { toJsonText } from '../render/basics/json.js';
import { h, tableOf } from './dom.js';
import type { Question, Reply } from './questions.js';

/** What the page shows of one machine. */
export interface Machine {
  /** Name of its source. */
  readonly name: string;
  readonly replies: ReadonlyMap<Question, Reply>;
  /** Its table beside the table's bytes; null where only a log is known. */
  readonly table: HTMLElement | null;
}

const list = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly JsonObject[]) : [];
const object = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
const text = (value: Json | undefined): string =>
  value === null || value === undefined || typeof value === 'object' ? '' : String(value);

/** An address without the zeros in front. */
const short = (address: Json | undefined): string => text(address).replace(/^0x0+(?=.)/, '0x');
const bdf = (device: Json | undefined): string => text(device).replace(/^0000:/, '');

const MARK: Readonly<Record<string, string>> = {
  ok: 'good',
  blocked: 'bad',
  error: 'bad',
  warning: 'warn',
  'needs relaxed': 'warn',
  unknown: 'warn',
};
const marked = (word: string): HTMLElement => h('span', { class: MARK[word] ?? 'faint' }, word);

const documentOf = (machine: Machine, question: Question): JsonObject | null => {
  const reply = machine.replies.get(question);
  return reply !== undefined && 'document' in reply ? reply.document : null;
};

/** The sentence that somebody came for, and how it is meant. */
export interface Headline {
  readonly kind: 'good' | 'bad' | 'unknown';
  readonly word: string;
  readonly text: string;
}

/** The one sentence about each device asked for, or about all that a region touches; the worst first. */
export function headlines(machine: Machine): Headline[] {
  const vtd = object(documentOf(machine, 'map')?.boot).vtd;
  const found: Headline[] = [];
  if (vtd === 'disabled') {
    found.push({
      kind: 'bad',
      word: 'VT-d is off.',
      text: 'Xen refuses this table, so nothing can be passed through.',
    });
  }
  const devices = list(documentOf(machine, 'devices')?.devices);
  const blocked = devices.filter((device) => isBlocked(device));
  for (const device of blocked.slice(0, 3)) {
    const linux = object(device.linux);
    const xen = object(device.xen);
    const by = linux.verdict === 'blocked' ? linux : xen;
    const who = linux.verdict === 'blocked' ? 'Linux (VFIO)' : 'Xen';
    found.push({
      kind: 'bad',
      word: `${bdf(device.device)}: no, not by ${who}.`,
      text: text(by.message),
    });
  }
  if (blocked.length > 3) {
    found.push({
      kind: 'bad',
      word: `${blocked.length - 3} more devices are blocked.`,
      text: 'The table below lists them.',
    });
  }
  if (devices.length > 0 && blocked.length === 0) {
    const unsure = devices.filter((device) => object(device.linux).verdict === 'unknown');
    const names = (some: readonly JsonObject[]) => some.map(({ device }) => bdf(device)).join(', ');
    found.push(
      unsure.length > 0
        ? {
            kind: 'unknown',
            word: `${names(unsure)}: not known.`,
            text: text(object(unsure[0]?.linux).message),
          }
        : {
            kind: 'good',
            word: `${names(devices)}: yes.`,
            text: 'No reserved region stands in the way of passing it through.',
          },
    );
  }
  for (const line of list(documentOf(machine, 'explain')?.lines).slice(0, 2)) {
    // What the verdict on its device has said already is not said again.
    const named = bdf(line.device);
    if (line.problem === null || found.some(({ word }) => named !== '' && word.startsWith(named)))
      continue;
    found.push({ kind: 'bad', word: bdf(line.device), text: text(line.meaning) });
  }
  return found;
}

const isBlocked = (device: JsonObject): boolean =>
  object(device.linux).verdict === 'blocked' || object(device.xen).verdict === 'blocked';

/** All that is to be said of a machine, the sentence that somebody came for first. */
export function drawMachine(machine: Machine, several: boolean): HTMLElement {
  const verdicts = headlines(machine).map(({ kind, word, text: sentence }) =>
    h('p', { class: `verdict ${kind}` }, h('span', { class: 'word' }, word), ` ${sentence}`),
  );
  return h(
    'article',
    {},
    several ? h('h2', {}, machine.name) : null,
    ...verdicts,
    drawExplanations(machine),
    drawDevices(machine),
    drawRegions(machine),
    drawFindings(machine),
    drawGuest(machine),
    machine.table,
    drawDocuments(machine),
  );
}

/** A failure as a sentence with what to do about it. */
export const drawFailure = (name: string, message: string, hint: string | undefined): HTMLElement =>
  h(
    'p',
    { class: 'verdict unknown' },
    h('span', { class: 'word' }, name === '' ? '' : `${name}: `),
    message,
    hint === undefined ? null : h('span', { class: 'faint' }, ` ${hint}`),
  );

function remedies(items: readonly JsonObject[]): HTMLElement | null {
  if (items.length === 0) return null;
  return h(
    'ol',
    { class: 'remedies' },
    ...items.map(({ text: what, command, risk }) =>
      h(
        'li',
        {},
        text(what),
        command == null ? null : h('code', {}, text(command)),
        risk == null ? null : h('span', { class: 'warn' }, ` Risk: ${text(risk)}`),
      ),
    ),
  );
}

function drawExplanations(machine: Machine): HTMLElement | null {
  const lines = list(documentOf(machine, 'explain')?.lines);
  if (lines.length === 0) return null;
  return h(
    'section',
    {},
    h('h2', {}, 'What the log says'),
    ...lines.map((line) =>
      h(
        'div',
        {},
        h('pre', {}, text(line.text)),
        h('p', {}, text(line.meaning)),
        remedies(list(line.remedies)),
      ),
    ),
  );
}

function drawDevices(machine: Machine): HTMLElement | null {
  const reply = machine.replies.get('devices');
  if (reply === undefined) return null;
  if ('failure' in reply) {
    return h(
      'section',
      {},
      h('h2', {}, 'Devices'),
      drawFailure('', reply.failure.message, reply.failure.hint),
    );
  }
  const devices = list(reply.document.devices);
  if (devices.length === 0) {
    return h('section', {}, h('h2', {}, 'Devices'), h('p', {}, 'No region names a device.'));
  }
  const rows = devices.map((device) => [
    h('code', {}, bdf(device.device)),
    text(device.name) || text(device.class_name) || text(device.class),
    text(object(device.memory).kind) || 'none',
    marked(text(object(device.linux).verdict)),
    marked(text(object(device.xen).verdict)),
  ]);
  const waysOut = new Map<string, string[]>();
  for (const device of devices) {
    for (const judge of ['linux', 'xen']) {
      const way = text(object(device[judge]).way_out);
      if (way !== '') waysOut.set(way, [...(waysOut.get(way) ?? []), bdf(device.device)]);
    }
  }
  return h(
    'section',
    {},
    h('h2', {}, 'Devices'),
    tableOf(['device', 'what it is', 'memory', 'Linux (VFIO)', 'Xen'], rows),
    waysOut.size === 0 ? null : h('h2', {}, 'What to do'),
    waysOut.size === 0
      ? null
      : h(
          'ol',
          { class: 'remedies' },
          ...Array.from(waysOut, ([way, names]) =>
            h('li', {}, h('code', {}, [...new Set(names)].join(', ')), way),
          ),
        ),
  );
}

const pictureOf = (reply: Reply | undefined, alt: string): HTMLElement | null =>
  reply !== undefined && 'picture' in reply && reply.picture !== undefined
    ? h('img', { alt, src: `data:image/svg+xml,${encodeURIComponent(reply.picture)}` })
    : null;

function drawRegions(machine: Machine): HTMLElement | null {
  const reply = machine.replies.get('map');
  if (reply === undefined) return null;
  if ('failure' in reply) return drawFailure('', reply.failure.message, reply.failure.hint);
  const { entries, ignored, notes } = reply.document;
  const rows = list(entries).map((entry) => [
    h('code', {}, `${short(entry.base)}-${short(entry.limit)}`),
    text(entry.nr_pages),
    Array.isArray(entry.devices)
      ? entry.devices.map((device) => bdf(device)).join(', ')
      : 'not known',
  ]);
  const off = list(ignored).map((region) =>
    h(
      'li',
      {},
      h('code', {}, `${short(region.base)}-${short(region.limit)}`),
      ` ${text(region.message)}`,
    ),
  );
  return h(
    'section',
    {},
    h('h2', {}, 'Reserved regions that Xen reports to guests'),
    rows.length === 0 ? h('p', {}, 'None.') : tableOf(['range', '4-KiB pages', 'devices'], rows),
    off.length === 0 ? null : h('ul', {}, ...off),
    ...(Array.isArray(notes) ? notes.map((note) => h('p', { class: 'faint' }, text(note))) : []),
    pictureOf(reply, 'The address space of the machine with its reserved regions'),
  );
}

function drawFindings(machine: Machine): HTMLElement | null {
  const document = documentOf(machine, 'check');
  if (document === null) return null;
  const findings = list(document.findings);
  const rules = new Map(list(document.rules).map((rule) => [text(rule.id), rule]));
  return h(
    'section',
    {},
    h('h2', {}, 'What is wrong with the table'),
    findings.length === 0
      ? h('p', {}, 'No rule found anything.')
      : h(
          'ul',
          {},
          ...findings.map((finding) =>
            h(
              'li',
              {},
              marked(text(finding.severity)),
              ` ${text(finding.message)} `,
              h('span', { class: 'faint' }, text(rules.get(text(finding.rule))?.advice)),
            ),
          ),
        ),
  );
}

function drawGuest(machine: Machine): HTMLElement | null {
  const reply = machine.replies.get('guest');
  if (reply === undefined || 'failure' in reply) return null;
  const { message, created, remarks } = reply.document;
  return h(
    'section',
    {},
    h('h2', {}, 'A guest around these regions'),
    h('p', { class: created === true ? 'good' : 'bad' }, text(message)),
    ...list(remarks).map((remark) => h('p', { class: 'faint' }, text(remark.message))),
    pictureOf(reply, "The guest's address space with the regions kept free"),
  );
}

function drawDocuments(machine: Machine): HTMLElement {
  const replies = Array.from(machine.replies, ([question, reply]) =>
    'document' in reply
      ? h(
          'details',
          {},
          h('summary', {}, `JSON of dmar ${question}`),
          h('pre', { 'data-question': question }, toJsonText(reply.document)),
        )
      : null,
  );
  return h('section', {}, h('h2', {}, 'For scripts'), ...replies);
}
