/** Kinds of personal details. */
export type PersonalKind =
  | 'MAC address'
  | 'IPv4 address'
  | 'IPv6 address'
  | 'UUID'
  | 'user and host'
  | 'host name'
  | 'user name'
  | 'serial number';

/** A text without personal details, and what was taken out of it. */
export interface Redacted {
  readonly text: string;
  /** How many of each kind were found. */
  readonly found: ReadonlyMap<PersonalKind, number>;
}

interface Pattern {
  readonly kind: PersonalKind;
  readonly pattern: RegExp;
  /** What stands there afterwards; `$<before>` keeps what is in front of it. */
  readonly instead: string;
}

/**
 * What to look for, the longest first. PCI addresses (`0000:00:1d.0`), times and ranges of addresses have fewer
 * colons than any MAC or IPv6 address.
 */
const PATTERNS: readonly Pattern[] = [
  {
    kind: 'UUID',
    pattern: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
    instead: '<uuid>',
  },
  {
    // Shorter ones: of a partition of an MBR, and of a FAT file system.
    kind: 'UUID',
    pattern: /(?<before>\b(?:PART)?UUID=["']?)[0-9a-f]{4,8}-[0-9a-f]{2,4}\b/gi,
    instead: '$<before><uuid>',
  },
  {
    kind: 'MAC address',
    pattern:
      /(?<![0-9a-f:-])[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?:[:-][0-9a-f]{2}){0,2}(?![0-9a-f:-])/gi,
    instead: '<mac>',
  },
  {
    // As switches write it, at the end of a bridge's identifier, and in the name of an interface.
    kind: 'MAC address',
    pattern:
      /(?<before>\b(?:[0-9a-f]{4}\.(?=[0-9a-f]{12}\b)|(?=[0-9a-f]{4}\.)|(?:en|wl|ww)x(?=[0-9a-f]{12}\b)))(?:[0-9a-f]{12}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})\b/gi,
    instead: '$<before><mac>',
  },
  {
    kind: 'IPv6 address',
    pattern:
      /(?<![0-9a-z:])(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}|(?=[0-9a-f:]{0,39}::)(?:[0-9a-f]{1,4}:){1,7}(?::[0-9a-f]{1,4}){0,6}:?|::[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})(?:(?:\.\d{1,3}){3})?(?:\/\d{1,3})?(?![0-9a-z:])/gi,
    instead: '<ipv6>',
  },
  {
    kind: 'IPv4 address',
    pattern:
      /(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\/\d{1,2})?(?![\w-]|\.\d)/g,
    instead: '<ipv4>',
  },
  {
    kind: 'user and host',
    pattern: /(?<![\w.-])[\w.+-]{1,64}[@㉿][\w.-]{1,253}/g,
    instead: '<user>@<host>',
  },
  {
    kind: 'serial number',
    pattern:
      /(?<before>\b(?:serial(?: ?(?:number|no\.?))?|service tag|asset tag|product_serial|board_serial|chassis_serial|S\/N)\s{0,4}[:=]\s{0,8})(?!<)[^\s,;)]{2,64}/gi,
    instead: '$<before><serial>',
  },
  {
    // Without a colon, where it looks like one; and the model and number that name a disk.
    kind: 'serial number',
    pattern:
      /(?<before>\b(?:S\/N|[Ss]erial(?: [Nn]umber| [Nn]o\.?)?) (?=[A-Z0-9-]{0,64}\d)|\/by-id\/)(?:(?<=\/)[^\s/]{1,255}|[A-Z0-9][A-Z0-9-]{5,63}\b)/g,
    instead: '$<before><serial>',
  },
  {
    kind: 'user name',
    pattern: /(?<before>[/\\](?:home|Users)[/\\])[^\s/\\:]{1,64}/g,
    instead: '$<before><user>',
  },
  {
    // As sudo, PAM, sshd and systemd name who came; root is nobody in particular.
    kind: 'user name',
    pattern:
      /(?<before>\b(?:(?:session(?: \w{1,20})? (?:of|for) user|invalid user|password for|accepted \w{1,20} for|by(?= [\w.-]{1,64}\(uid=)) |(?:r?user|logname|acct)=["']?))(?!root\b|<)[\w.-]{1,64}(?<!\.)(?=\(uid=|[\s.:,;"')]|$)/gi,
    instead: '$<before><user>',
  },
];

/** The name of a host in front of what a program logged: syslog's two ways of writing the time, and journalctl's. */
const SYSLOG =
  /^[> \t]{0,9}(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} {1,2}\d{1,2} \d{2}:\d{2}:\d{2}|\d{4}-\d{2}-\d{2}T[\d:.]{8,18}(?:Z|[+-]\d{2}:?\d{2})?) (?<host>[\w.-]{1,253}) [\w./()-]{1,64}(?:\[\d{1,10}\])?:/gm;

/** A shell's prompt, `anna@willow:~$` and `[anna@willow ~]#`. */
const PROMPT = /^\[?[\w.+-]{1,64}@(?<host>[\w.-]{1,253})[: ]/gm;

/** What says itself that it is a host's name, and `uname -a`. */
const NAMED =
  /(?:\bhost ?name(?: set to|:|=|\s{1,9}:) {0,9}|\bset host ?name to |^Linux (?=[\w.-]{1,253} \d{1,2}\.\d))["'<]?(?<host>[\w.-]{0,252}\w)/gim;

/** Names that say nothing of whose machine it is. */
const ANYONE: ReadonlySet<string> = new Set(['localhost', 'kernel', 'host', 'version']);

/**
 * Takes personal details out of a text that is to be published: addresses of network cards and hosts, UUIDs,
 * names of users and hosts in prompts, paths and syslog, serial numbers. What a verdict hangs on (PCI addresses,
 * regions, models, releases) stays.
 */
export function redact(text: string): Redacted {
  const found = new Map<PersonalKind, number>();
  const count = (kind: PersonalKind) => found.set(kind, (found.get(kind) ?? 0) + 1);
  let result = text;
  for (const { kind, pattern, instead } of PATTERNS) {
    for (const _ of result.matchAll(pattern)) count(kind);
    result = result.replace(pattern, instead);
  }
  // A name before the one that it begins with.
  for (const host of [...hostNames(text)].sort((a, b) => b.length - a.length)) {
    result = result.replaceAll(wholeWord(host), () => {
      count('host name');
      return '<host>';
    });
  }
  return { text: result, found };
}

/** Names of hosts that a text shows to be such; they may stand elsewhere in it too. */
const hostNames = (text: string): Set<string> =>
  new Set(
    [SYSLOG, PROMPT, NAMED]
      .flatMap((pattern) => Array.from(text.matchAll(pattern), ({ groups }) => groups?.host ?? ''))
      .filter((name) => !ANYONE.has(name)),
  );

const wholeWord = (name: string): RegExp =>
  new RegExp(`(?<![\\w.-])${name.replaceAll('.', '\\.')}(?![\\w-])`, 'g');
