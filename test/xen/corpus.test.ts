import { describe, expect, it } from 'vitest';
import { decodeDmar } from '../../src/acpi/dmar/decode.js';
import { bootXen } from '../../src/xen/boot.js';
import { parseCmdline } from '../../src/xen/cmdline.js';
import { UNKNOWN_MACHINE } from '../../src/xen/machine.js';
import { askRdmMap } from '../../src/xen/rdm-map.js';
import { findRelease, type Release, releaseNames } from '../../src/xen/releases.js';
import { corpusNote, corpusTables } from '../support/corpus.js';

describe.skipIf(corpusTables.length === 0)(`real tables${corpusNote}`, () => {
  it.each(releaseNames())(
    'map under %s: every RMRR is in the map or said to be missing',
    (name) => {
      const release = findRelease(name) as Release;
      for (const { name: file, bytes } of corpusTables) {
        const xen = bootXen({ dmar: bytes }, UNKNOWN_MACHINE, release, parseCmdline('', release));
        const { answer, missing } = askRdmMap(xen, { abi: 'native' });
        const rmrrs = (decodeDmar(bytes).table?.structures ?? []).filter((s) => s.name === 'RMRR');
        const accounted = [...(answer?.entries ?? []).map(({ unit }) => unit), ...missing];
        expect(answer?.rc, file).toBe(0);
        expect(accounted.map(({ rmrr }) => rmrr?.offset).sort(), file).toEqual(
          rmrrs.map(({ offset }) => offset).sort(),
        );
      }
    },
  );
});
