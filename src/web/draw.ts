import type { Json, JsonObject } from '../render/basics/json.js';
import { toJsonText } from '../render/basics/json.js';
import { drawEach, h, tableOf } from './dom.js';
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

/** What a page can be given so that it knows more; the command line's own advice names options. */
const MORE =
  'To know more, add the whole dmesg of this machine, the output of lspci -nn, or an archive that dmar capture made.';

/** Most devices that a headline names. */
const MOST_NAMED = 4;

function named(devices: readonly JsonObject[]): string {
  const names = devices.slice(0, MOST_NAMED).map(({ device }) => bdf(device));
  const more = devices.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The sentences that somebody came for: about each device, the worst first, else about the regions. */
export function headlines(machine: Machine): Headline[] {
  const found = [...vtdOff(machine), ...verdicts(machine)];
  for (const line of list(documentOf(machine, 'explain')?.lines)) {
    // What the verdict on its device has said already is not said again.
    const device = bdf(line.device);
    const meaning = text(line.meaning);
    if (line.problem === null || found.length > 1) continue;
    if (found.some((one) => one.text === meaning || (device !== '' && one.word.startsWith(device))))
      continue;
    found.push({ kind: 'bad', word: device && `${device}:`, text: meaning });
  }
  return found.length > 0 ? found : withoutDevices(machine);
}

function vtdOff(machine: Machine): Headline[] {
  const { vtd, why } = object(documentOf(machine, 'map')?.boot);
  if (vtd !== 'disabled') return [];
  const reason = text(why);
  return [
    {
      kind: 'bad',
      word: 'Xen runs without VT-d here.',
      text: `${reason === '' ? 'It refuses this table' : reason.replace(/\.?$/, '')}, so it can pass no device through.`,
    },
  ];
}

function verdicts(machine: Machine): Headline[] {
  const devices = list(documentOf(machine, 'devices')?.devices);
  const verdictOf = (device: JsonObject, judge: string) => text(object(device[judge]).verdict);
  const blocked = devices.filter((device) => isBlocked(device));
  const shared = devices.filter(
    (device) => !isBlocked(device) && verdictOf(device, 'xen') === 'needs relaxed',
  );
  const unsure = devices.filter(
    (device) => !isBlocked(device) && verdictOf(device, 'linux') === 'unknown',
  );
  const free = devices.filter((device) => ![blocked, shared, unsure].flat().includes(device));
  const found = blocked.slice(0, 3).map((device): Headline => {
    const judge = verdictOf(device, 'linux') === 'blocked' ? 'linux' : 'xen';
    const who = judge === 'linux' ? 'Linux (VFIO)' : 'Xen';
    const word = `${bdf(device.device)}: no, not by ${who}.`;
    return { kind: 'bad', word, text: text(object(device[judge]).message) };
  });
  if (blocked.length > 3) {
    found.push({
      kind: 'bad',
      word: `${blocked.length - 3} more devices are blocked.`,
      text: 'The table below lists them.',
    });
  }
  for (const device of shared.slice(0, 1)) {
    found.push({
      kind: 'bad',
      word: `${named(shared)}: not by Xen, unless rdm_policy=relaxed.`,
      text: text(object(device.xen).message),
    });
  }
  for (const device of unsure.slice(0, 1)) {
    found.push({
      kind: 'unknown',
      word: `${named(unsure)}: not known for Linux (VFIO).`,
      text: `${text(object(device.linux).message)} ${MORE}`,
    });
  }
  if (free.length > 0) {
    found.push({
      kind: 'good',
      word: `${named(free)}: yes.`,
      text: 'No reserved region stands in the way of passing it through.',
    });
  }
  return found;
}

/** What is to be said where no device is known. */
function withoutDevices(machine: Machine): Headline[] {
  const map = documentOf(machine, 'map');
  // Why there is no answer about devices is said in its place.
  if (map === null || documentOf(machine, 'devices') === null) return [];
  const [line] = list(documentOf(machine, 'explain')?.lines);
  const notes = Array.isArray(map.notes) ? map.notes.map(text) : [];
  const count = list(map.entries).length;
  if (count > 0) {
    const regions = count === 1 ? 'One reserved region' : `${count} reserved regions`;
    const why =
      line === undefined
        ? 'The evidence does not say which devices a region is for.'
        : text(line.meaning);
    return [{ kind: 'unknown', word: `${regions}, of devices not known.`, text: `${why} ${MORE}` }];
  }
  if (object(map.source).completeness === 'whole') {
    return [
      {
        kind: 'good',
        word: 'No reserved region.',
        text: 'None stands in the way of passing a device through.',
      },
    ];
  }
  return [
    {
      kind: 'unknown',
      word: 'No region can be read here.',
      text: `${notes.slice(-2).join(' ')} ${MORE}`,
    },
  ];
}

const isBlocked = (device: JsonObject): boolean =>
  object(device.linux).verdict === 'blocked' || object(device.xen).verdict === 'blocked';

/** All that is to be said of a machine, the sentence that somebody came for first. */
export function drawMachine(machine: Machine, several: boolean): HTMLElement {
  const said = headlines(machine).map(({ kind, word, text: sentence }) =>
    h('p', { class: `verdict ${kind}` }, h('span', { class: 'word' }, word), ` ${sentence}`),
  );
  return h(
    'article',
    {},
    h('h2', several ? {} : { class: 'unseen' }, machine.name),
    ...said,
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

/** Most lines of a log that are shown. */
const MOST_LINES = 20;

function drawExplanations(machine: Machine): HTMLElement | null {
  const lines = list(documentOf(machine, 'explain')?.lines);
  if (lines.length === 0) return null;
  // Of lines that call for the same, the first is shown.
  const alike = new Map<string, JsonObject[]>();
  for (const line of lines) {
    const key = [line.code, line.finding, line.device, line.problem].join();
    alike.set(key, [...(alike.get(key) ?? []), line]);
  }
  const shown = [...alike.values()].slice(0, MOST_LINES);
  return h(
    'section',
    {},
    h('h3', {}, 'What the log says'),
    ...shown.map(([line = {}, ...others]) =>
      h(
        'div',
        {},
        h('pre', {}, text(line.text)),
        others.length === 0 ? null : h('p', { class: 'faint' }, `${others.length} more like it.`),
        h('p', {}, text(line.meaning)),
        remedies(list(line.remedies)),
      ),
    ),
    alike.size > shown.length
      ? h('p', { class: 'faint' }, `${alike.size - shown.length} more lines are in the JSON below.`)
      : null,
  );
}

function drawDevices(machine: Machine): HTMLElement | null {
  const reply = machine.replies.get('devices');
  if (reply === undefined) return null;
  if ('failure' in reply) {
    return h(
      'section',
      {},
      h('h3', {}, 'Devices'),
      drawFailure('', reply.failure.message, reply.failure.hint),
    );
  }
  const devices = list(reply.document.devices);
  if (devices.length === 0) {
    const none = 'No region names a device here.';
    return h('section', {}, h('h3', {}, 'Devices'), h('p', {}, none));
  }
  const rows = devices.map((device) => [
    h('code', {}, bdf(device.device)),
    text(device.name) ||
      text(device.class_name) ||
      (device.class === null ? 'not known' : `class ${text(device.class)}`),
    text(object(device.iommu_group).id) || 'not known',
    text(object(device.memory).kind) || 'none',
    marked(text(object(device.linux).verdict)),
    marked(text(object(device.xen).verdict)),
  ]);
  const waysOut = new Map<string, string[]>();
  for (const device of devices) {
    for (const judge of ['linux', 'xen']) {
      const { way_out, verdict } = object(device[judge]);
      const way = text(way_out);
      // What would make it known stands above.
      if (way === '' || verdict === 'unknown') continue;
      const names = waysOut.get(way) ?? [];
      waysOut.set(way, names);
      names.push(bdf(device.device));
    }
  }
  return h(
    'section',
    {},
    h('h3', {}, 'Devices'),
    tableOf(
      'Devices',
      ['device', 'what it is', 'IOMMU group', 'reserved memory', 'Linux (VFIO)', 'Xen'],
      rows,
    ),
    waysOut.size === 0 ? null : h('h3', {}, 'What to do'),
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

/** Sentences of less weight, a paragraph each. */
function faintly(sentences: readonly string[]): HTMLElement[] {
  const paragraph = (sentence: string) => h('p', { class: 'faint' }, sentence);
  return drawEach(sentences, paragraph, paragraph);
}

function drawRegions(machine: Machine): HTMLElement | null {
  const reply = machine.replies.get('map');
  if (reply === undefined) return null;
  if ('failure' in reply) return drawFailure('', reply.failure.message, reply.failure.hint);
  const { entries, ignored, notes } = reply.document;
  const rows = list(entries).map((entry) => [
    h('code', {}, `${short(entry.base)}-${short(entry.limit)}`),
    text(entry.nr_pages),
    Array.isArray(entry.devices) && entry.devices.length > 0
      ? entry.devices.map((device) => bdf(device)).join(', ')
      : 'not known',
  ]);
  const off = drawEach(
    list(ignored),
    (region) =>
      h(
        'li',
        {},
        h('code', {}, `${short(region.base)}-${short(region.limit)}`),
        ` ${text(region.message)}`,
      ),
    (more) => h('li', {}, more),
  );
  return h(
    'section',
    {},
    h('h3', {}, 'Reserved regions that Xen reports to guests'),
    rows.length === 0
      ? h('p', {}, 'None.')
      : tableOf('Reserved regions', ['range', '4-KiB pages', 'devices'], rows),
    off.length === 0 ? null : h('ul', {}, ...off),
    ...faintly(Array.isArray(notes) ? notes.map(text) : []),
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
    h('h3', {}, 'What is wrong with the table'),
    findings.length === 0
      ? h('p', {}, 'No rule found anything.')
      : h(
          'ul',
          {},
          ...drawEach(
            findings,
            (finding) =>
              h(
                'li',
                {},
                marked(text(finding.severity)),
                ` ${text(finding.message)} `,
                h('span', { class: 'faint' }, text(rules.get(text(finding.rule))?.advice)),
              ),
            (more) => h('li', {}, more),
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
    h('h3', {}, 'A guest around these regions'),
    h('p', { class: created === true ? 'good' : 'bad' }, text(message)),
    ...faintly(list(remarks).map((remark) => text(remark.message))),
    pictureOf(reply, "The guest's address space with the regions kept free"),
  );
}

/** An element whose text is made once the answer is there: it may be long, and is folded away. */
function later<E extends HTMLElement>(element: E, make: () => string): E {
  setTimeout(() => {
    element.textContent = make();
  });
  return element;
}

function drawDocuments(machine: Machine): HTMLElement {
  const replies = Array.from(machine.replies, ([question, reply]) =>
    'document' in reply
      ? h(
          'details',
          {},
          h('summary', {}, `JSON of dmar ${question}`),
          later(h('pre', { 'data-question': question }), () => toJsonText(reply.document)),
        )
      : null,
  );
  return h('section', {}, h('h3', {}, 'For scripts'), ...replies);
}
