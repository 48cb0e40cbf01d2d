import { listTable } from '../acpi/tables.js';
import { type Evidence, evidenceOf } from '../answers/evidence.js';
import { answerShow } from '../answers/show.js';
import { Failure } from '../base/failure.js';
import { combine } from '../evidence/combine.js';
import type { Source } from '../evidence/source.js';
import { sourceOf } from '../evidence/source-of.js';
import { releaseNames } from '../xen/releases.js';
import { byId, h } from './dom.js';
import { drawFailure, drawMachine, type Machine } from './draw.js';
import { hexView } from './hex-view.js';
import { ask, QUESTIONS, type Question } from './questions.js';
import { reportOf } from './report.js';
import { fragmentOf, type State, stateOf } from './state.js';
import { BROWSER_TOOLS } from './tools.js';

/** Something that was dropped, chosen, pasted or came with the page. */
interface Given {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What was pasted; left out for a file. */
  readonly text?: string;
  /** What it was read as, once it was: what is chosen beside it changes nothing of that. */
  source?: Promise<Source>;
}

/** Most bytes that a source may stand for, as for the command line. */
const LIMIT = 64 * 2 ** 20;
/** Most bytes of a table that are shown, each with the field it is in; real ones have some thousand at most. */
const MOST_SHOWN = 2 ** 16;
/** Milliseconds after the last key before the answer is made. */
const PAUSE = 150;
/** What a paste is called. */
const PASTE = 'paste';
/**
 * Most characters that stay in the field they are pasted in: a browser takes most of a second to lay out a megabyte
 * there, and again after each key. What is longer stands in the list of sources.
 */
const MOST_IN_FIELD = 100_000;

const files: Given[] = [];
let machines: Machine[] = [];

const paste = byId<HTMLTextAreaElement>('paste');
const fields = {
  device: byId<HTMLInputElement>('device'),
  linux: byId<HTMLInputElement>('linux'),
  xen: byId<HTMLSelectElement>('xen'),
  memory: byId<HTMLInputElement>('memory'),
  policy: byId<HTMLSelectElement>('policy'),
};

const readState = (): State => ({
  device: fields.device.value.trim(),
  linux: fields.linux.value.trim(),
  xen: fields.xen.value,
  memory: fields.memory.value,
  // An address may name one that there is not.
  policy: fields.policy.value || 'strict',
});

function writeState(state: State): void {
  // An address may name a release that the list leaves out.
  if (!Array.from(fields.xen.options).some(({ value }) => value === state.xen)) {
    fields.xen.append(h('option', { value: state.xen }, state.xen));
  }
  for (const [name, field] of Object.entries(fields)) field.value = state[name as keyof State];
  const memory = `${state.memory} MiB`;
  byId('memory-shown').textContent = memory;
  fields.memory.setAttribute('aria-valuetext', memory);
}

/** All that is to be answered for: files first, then what was pasted. */
function given(): Given[] {
  const text = paste.value;
  return text.trim() === '' ? files : [...files, pasted(PASTE, text)];
}

const pasted = (name: string, text: string): Given => ({
  name,
  text,
  bytes: new TextEncoder().encode(text),
});

async function read({ name, bytes }: Given): Promise<Source> {
  const source = await sourceOf(bytes, name, { limit: LIMIT }, BROWSER_TOOLS);
  if (source.kind !== 'table' || source.bytes.length <= MOST_SHOWN) return source;
  throw new Failure(
    'too-large',
    `${name} holds a table of more than ${MOST_SHOWN / 1024} KiB, the most that the page shows.`,
    'The command line takes it.',
  );
}

function machineOf(name: string, evidence: Evidence, state: State): Machine {
  const { source } = evidence;
  const questions = (Object.keys(QUESTIONS) as Question[]).filter(
    (question) => source.kind === 'table' || question !== 'show',
  );
  const replies = new Map(questions.map((question) => [question, ask(question, evidence, state)]));
  return { name, replies, table: source.kind === 'table' ? tableView(evidence) : null };
}

function tableView(evidence: Evidence): HTMLElement | null {
  try {
    const { table, source, resolve } = answerShow(evidence);
    return hexView(listTable(table, source.bytes, resolve), source.bytes);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** Number of the latest answer that was asked for: one that comes late is not shown. */
let latest = 0;

async function answer(): Promise<void> {
  const mine = ++latest;
  const state = readState();
  history.replaceState(null, '', fragmentOf(state) || location.pathname + location.search);
  const sources = given();
  const found: Machine[] = [];
  const shown: HTMLElement[] = [];
  const readable: Source[] = [];
  for (const source of sources) {
    try {
      source.source ??= read(source);
      readable.push(await source.source);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      shown.push(drawFailure('', error.message, error.hint));
    }
  }
  // What is given together is one machine's evidence where it may be.
  for (const source of combine(readable)) {
    const machine = machineOf(source.path, evidenceOf(source), state);
    found.push(machine);
    shown.push(drawMachine(machine, sources.length > 1));
  }
  if (mine !== latest) return;
  machines = found;
  const place = byId('answer');
  const folds = () => place.querySelectorAll('details');
  const open = Array.from(folds(), ({ open }) => open);
  place.replaceChildren(...shown);
  for (const [i, fold] of folds().entries()) fold.open = open[i] ?? false;
  // What a screen reader says of it all: what somebody who sees reads first.
  byId('said').textContent = Array.from(
    place.querySelectorAll('.verdict'),
    (verdict) => verdict.textContent,
  ).join(' ');
  drawSources();
}

function drawSources(): void {
  byId('sources').replaceChildren(
    ...files.map((file, i) =>
      h(
        'li',
        {},
        file.name,
        h('span', { class: 'faint' }, `${file.bytes.length} bytes`),
        h(
          'button',
          {
            type: 'button',
            'aria-label': `Remove ${file.name}`,
            click: async () => {
              files.splice(i, 1);
              await answer();
              // The button is gone, and with it the place that the keyboard was at.
              (byId('sources').querySelector('button') ?? byId('files')).focus();
            },
          },
          'Remove',
        ),
      ),
    ),
  );
}

async function take(chosen: FileList | null): Promise<void> {
  for (const file of chosen ?? []) {
    if (file.size > LIMIT) {
      byId('answer').replaceChildren(
        drawFailure(file.name, 'This file holds more than 64 MiB.', undefined),
      );
      return;
    }
    files.push({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
  }
  await answer();
}

/** Takes a long paste, and answers at once. */
function takeText(text: string): void {
  const count = files.filter((file) => file.text !== undefined).length + 1;
  files.push(pasted(count === 1 ? 'pasted text' : `pasted text ${count}`, text));
  answer();
}

async function copyReport(): Promise<void> {
  const texts = given().flatMap((source) => source.text ?? []);
  const { text, found } = reportOf(machines, readState(), texts.join('\n'));
  const taken = Array.from(found, ([kind, count]) => `${kind} (${count})`).join(', ');
  const told =
    taken === '' ? 'It holds no personal details that were found.' : `Taken out: ${taken}.`;
  const area = h('textarea', { rows: '12', readonly: true, 'aria-label': 'The report' });
  area.value = text;
  // A page from a file may not be let at the clipboard; the text is selected then.
  const copied = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  byId('copied').replaceChildren(`${copied ? 'Copied.' : 'Copy this:'} ${told} `, area);
  area.select();
}

/** Sources that a page was written with: names and bytes in base64. */
function readGiven(): Given[] {
  const list = JSON.parse(byId('given').textContent ?? '[]') as { name: string; base64: string }[];
  return list.map(({ name, base64 }) => ({
    name,
    bytes: Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)),
  }));
}

function start(): void {
  fields.xen.append(
    h('option', { value: '' }, 'of the machine'),
    ...[...releaseNames()].reverse().map((name) => h('option', { value: name }, name)),
  );
  writeState(stateOf(location.hash));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(answer, PAUSE);
  };
  paste.addEventListener('input', () => {
    const text = paste.value;
    if (text.length <= MOST_IN_FIELD) return soon();
    paste.value = '';
    takeText(text);
  });
  paste.addEventListener('paste', (event) => {
    const text = event.clipboardData?.getData('text') ?? '';
    if (text.length <= MOST_IN_FIELD) return;
    event.preventDefault();
    takeText(text);
  });
  for (const field of Object.values(fields)) field.addEventListener('input', soon);
  fields.memory.addEventListener('input', () => writeState(readState()));
  byId('options').addEventListener('submit', (event) => event.preventDefault());
  byId<HTMLInputElement>('files').addEventListener('change', (event) =>
    take((event.target as HTMLInputElement).files),
  );
  const drop = byId('drop');
  addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  addEventListener('dragleave', () => drop.classList.remove('over'));
  addEventListener('drop', (event) => {
    drop.classList.remove('over');
    const dropped = event.dataTransfer?.files ?? null;
    // Text that is dropped on the field is the field's.
    if (dropped?.length === 0 && event.target === paste) return;
    event.preventDefault();
    take(dropped);
  });
  addEventListener('hashchange', () => {
    writeState(stateOf(location.hash));
    answer();
  });
  byId('report').addEventListener('click', copyReport);
  files.push(...readGiven());
  answer();
}

start();
