import { answerCheck } from '../answers/check.js';
import { answerDevices } from '../answers/devices.js';
import type { Evidence } from '../answers/evidence.js';
import { answerExplain } from '../answers/explain.js';
import { answerGuestOf } from '../answers/guest.js';
import { answerMap } from '../answers/map.js';
import { answerShow } from '../answers/show.js';
import { Failure } from '../base/failure.js';
import { parseSbdf } from '../base/sbdf.js';
import type { JsonObject } from '../render/basics/json.js';
import { addressSpaceSvg } from '../render/basics/svg.js';
import { checkToJson } from '../render/check/json.js';
import { devicesToJson } from '../render/devices/json.js';
import { explainToJson } from '../render/explain/json.js';
import { guestToJson } from '../render/guest/json.js';
import { guestPicture } from '../render/guest/picture.js';
import { mapToJson } from '../render/map/json.js';
import { mapPicture } from '../render/map/picture.js';
import { showToJson } from '../render/show/json.js';
import {
  completeConfig,
  parseMib,
  parsePciSpec,
  parseRdm,
  toConfig,
} from '../toolstack/xl/config.js';
import type { State } from './state.js';

/** The answer to one question: the document that the command of that name prints, or why there is none. */
export type Reply =
  | { readonly document: JsonObject; readonly picture?: string }
  | { readonly failure: Failure };

const wordsOf = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '');

/** What the page asks of each machine, in this order. */
export const QUESTIONS = {
  explain: (evidence) => ({ document: explainToJson(answerExplain([evidence], [])) }),
  devices: (evidence, { device, linux, xen }) => {
    const asked = wordsOf(device).map((word) => {
      const sbdf = parseSbdf(word);
      if (sbdf !== null) return sbdf;
      throw new Failure('bad-device', `"${word}" is no PCI address. One looks like 05:00.0.`);
    });
    return {
      document: devicesToJson(
        answerDevices(evidence, { devices: asked, ...chosen({ linux, xen }) }),
      ),
    };
  },
  map: (evidence, { xen }) => {
    const answer = answerMap(evidence, chosen({ xen }));
    return { document: mapToJson(answer), picture: addressSpaceSvg(mapPicture(answer)) };
  },
  check: (evidence) => ({ document: checkToJson(answerCheck(evidence)) }),
  guest: (evidence, { xen, memory, policy, device }) => {
    const pci = wordsOf(device).filter((word) => parseSbdf(word) !== null);
    const config = completeConfig({
      memory: parseMib('memory', memory),
      rdm: parseRdm(`strategy=host,policy=${policy}`),
      pci: pci.map((text) => toConfig(parsePciSpec(text))),
    });
    const guest = { config, info: null, notes: [] };
    const answer = answerGuestOf(evidence, () => guest, chosen({ xen }));
    return { document: guestToJson(answer), picture: addressSpaceSvg(guestPicture(answer)) };
  },
  show: (evidence) => ({ document: showToJson(answerShow(evidence)) }),
} satisfies Record<string, (evidence: Evidence, state: State) => Reply>;

export type Question = keyof typeof QUESTIONS;

/** Options that were chosen: '' stands for none. */
const chosen = <K extends string>(options: Record<K, string>): Partial<Record<K, string>> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== '')) as Partial<
    Record<K, string>
  >;

/** Puts a question; a failure is an answer too, anything else is a fault of the program and thrown. */
export function ask(question: Question, evidence: Evidence, state: State): Reply {
  try {
    return QUESTIONS[question](evidence, state);
  } catch (failure) {
    if (failure instanceof Failure) return { failure };
    throw failure;
  }
}
