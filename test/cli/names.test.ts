import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { runShell } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';
import { scratch } from '../support/tools.js';

const { path, dispose } = scratch();
afterAll(dispose);

/** A name that is no UTF-8, as bash is told of it, and as the system has it. */
const [NAME, BYTES] = ["$'caf\\xe9'", Buffer.from('caf\xe9', 'latin1')];

let folders = 0;

/** Runs a line of bash in a folder of its own. */
async function inFolder(script: string) {
  const folder = path(`${folders++}`);
  mkdirSync(folder);
  const outcome = await runShell(`f="$PWD/fixtures"; cd '${folder}'; ${script}`);
  return { ...outcome, folder, names: readdirSync(folder, 'buffer') };
}

describe('a name that is not UTF-8', () => {
  it.each([
    `dmar build $f/laptop.json -o ${NAME}`,
    `dmar build $f/laptop.json --output=${NAME} && dmar build $f/laptop.json -o ${NAME} --force`,
    `dmar capture --root $f/rack-server-host -o ${NAME}`,
    `dmar override $f/laptop.dat --drop-device 00:14.0 --yes -o ${NAME}`,
    `dmar override $f/laptop.dat --drop-device 00:14.0 --yes --initrd ${NAME}`,
    `dmar override $f/laptop.dat --drop-device 00:14.0 --yes --grub ${NAME}`,
    `dmar override $f/laptop.dat --drop-device 00:14.0 --yes --opencore ${NAME}`,
    `dmar page $f/laptop.dat -o ${NAME}`,
    `dmar map $f/laptop.dat --svg ${NAME}`,
  ])('is the name of the file that is written: %s', async (script) => {
    const { status, stderr, names } = await inFolder(script);
    expect([status, stderr, names]).toEqual([0, '', [BYTES]]);
  });

  it('is not another file, which stays, and whose link is followed to the very name', async () => {
    const { stderr, folder } = await inFolder(
      `echo old > $'caf\\xea'; ln -s ${NAME} link; echo old > ${NAME}
      dmar build $f/laptop.json -o ${NAME}; dmar build $f/laptop.json -o link --force; cat $'caf\\xea' > other`,
    );
    expect(stderr).toMatch(/^dmar: caf\\xe9 exists already\.$/m);
    expect(readFileSync(`${folder}/other`, 'utf8')).toBe('old\n');
    expect(readFileSync(`${folder}/link`)).toEqual(readFileSync('fixtures/laptop.dat'));
  });

  it('is U+FFFD in JSON, with its bytes behind it', async () => {
    const { stdout } =
      await inFolder(`cp $f/laptop.dat ${NAME}; mkdir $'\\xff'; cp $f/laptop.json $'\\xff'
      dmar map ${NAME} --json-lines; dmar map ${NAME} -f ndjson | head -1; dmar scan -q ${NAME} $'\\xff/none'
      dmar override ${NAME} --drop-device 00:14.0 --yes -o $'\\xfe' --json | tr -d '\\n'`);
    const [map, entry, scanned, lost, override] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const named = { path: 'caf\ufffd', path_bytes: '636166e9' };
    expect(map.source).toMatchObject(named);
    expect(entry).toMatchObject({ source: 'caf\ufffd', source_bytes: '636166e9' });
    expect(scanned).toMatchObject(named);
    expect(lost).toMatchObject({ path: '\ufffd/none', path_bytes: 'ff2f6e6f6e65' });
    expect(lost.error.message).toContain('\ufffd/none');
    expect(override.files).toMatchObject([{ path: '\ufffd', path_bytes: 'fe' }]);
    expect(schemaErrors('map', map)).toEqual([]);
    expect([scanned, lost].flatMap((line) => schemaErrors('scan', line))).toEqual([]);
    expect([schemaErrors('diff', {}), schemaErrors('devices', {})]).not.toContain([]);
    expect(schemaErrors('override', override)).toEqual([]);
  });
});
