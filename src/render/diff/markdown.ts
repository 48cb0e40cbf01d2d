import type { DiffAnswer } from '../../answers/diff.js';
import { hex } from '../../base/hex.js';
import type { Change } from '../../diff/diff.js';
import type { ReservedFrames } from '../../diff/guests.js';
import type { Format } from '../basics/format.js';
import { code, escapeMarkdown, markdownTable } from '../basics/markdown.js';

/** The difference of two tables as GitHub-flavoured Markdown, for the summary of a step or a comment on a change. */
export const markdown: Format<DiffAnswer> = {
  pieces: ({ old, new: now, changes, guests, release, devices }) => [
    [
      `### ${code(old.path)} → ${code(now.path)}`,
      changes.length === 0
        ? 'No difference.'
        : markdownTable(['change', 'what', 'old', 'new'], changes.flatMap(changeRows)),
      `**For guests on Xen ${release.name}**: VT-d ${onOff(guests.vtd.old)} → ${onOff(guests.vtd.new)}`,
      ...(guests.reserved.length + guests.freed.length === 0
        ? ['No page frame is newly reserved, and none is freed.']
        : [
            markdownTable(
              ['', 'frames', 'devices'],
              [
                ...guests.reserved.map((frames) => framesRow('reserved', frames)),
                ...guests.freed.map((frames) => framesRow('freed', frames)),
              ],
            ),
          ]),
      ...devices.blocked.map(
        ({ device, by }) => `❌ ${code(device)} becomes blocked under ${KERNELS[by]}.`,
      ),
      ...devices.unblocked.map(
        ({ device, by }) => `✅ ${code(device)} is no longer blocked under ${KERNELS[by]}.`,
      ),
    ]
      .join('\n\n')
      .concat('\n'),
  ],
};

const KERNELS = { linux: 'Linux', xen: 'Xen' } as const;

const onOff = (on: boolean): string => (on ? 'on' : '**off**');

const changeRows = ({ kind, subject, old, new: now, details }: Change): string[][] => [
  [kind, escapeMarkdown(subject), offsetOf(old), offsetOf(now)],
  ...details.map((detail) => [
    '',
    escapeMarkdown([detail.device, detail.field].filter((part) => part != null).join(': ')),
    escapeMarkdown(String(detail.old ?? '')),
    escapeMarkdown(String(detail.new ?? '')),
  ]),
];

const offsetOf = (place: Change['old']): string => (place === null ? '' : `offset ${place.offset}`);

const framesRow = (what: string, { start, end, devices }: ReservedFrames): string[] => [
  what,
  code(`${hex(start)}-${hex(end - 1n)}`),
  devices.map(code).join(', '),
];
