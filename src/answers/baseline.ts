import { EXIT, Failure } from '../base/failure.js';

/** Findings of an earlier check, which are no news: their fingerprints by the path of their source. */
export type Baseline = ReadonlyMap<string, ReadonlySet<string>>;

/** What of an earlier check's JSON matters here. */
interface CheckDocument {
  readonly source?: { readonly path?: unknown };
  readonly findings?: readonly { readonly fingerprint?: unknown }[];
}

/** What of a SARIF log matters here. */
interface SarifDocument {
  readonly runs?: readonly {
    readonly results?: readonly {
      readonly locations?: readonly {
        readonly physicalLocation?: { readonly artifactLocation?: { readonly uri?: unknown } };
      }[];
      readonly partialFingerprints?: Readonly<Record<string, unknown>>;
    }[];
  }[];
}

/** The key of a finding's fingerprint in SARIF. */
export const FINGERPRINT_KEY = 'dmarRuleAndStructure/v1';

/**
 * Reads what `check --json`, `--json-lines` or `--format sarif` printed.
 *
 * @param name what messages call it
 * @throws Failure `bad-baseline`, a matter of usage
 */
export function readBaseline(text: string, name: string): Baseline {
  const known = new Map<string, Set<string>>();
  const add = (path: unknown, fingerprint?: unknown) => {
    if (typeof path !== 'string') throw badBaseline(name);
    const set = known.get(path) ?? new Set();
    known.set(path, set);
    if (typeof fingerprint === 'string') set.add(fingerprint);
  };
  for (const document of documentsOf(text, name)) {
    if (Array.isArray(document.runs)) {
      for (const { results = [] } of document.runs as NonNullable<SarifDocument['runs']>) {
        for (const { locations, partialFingerprints } of results) {
          const uri = locations?.[0]?.physicalLocation?.artifactLocation?.uri;
          add(typeof uri === 'string' ? pathOf(uri) : uri, partialFingerprints?.[FINGERPRINT_KEY]);
        }
      }
      continue;
    }
    const { source, findings } = document as CheckDocument;
    if (!Array.isArray(findings)) throw badBaseline(name);
    add(source?.path);
    for (const { fingerprint } of findings) add(source?.path, fingerprint);
  }
  return known;
}

function documentsOf(text: string, name: string): (CheckDocument & SarifDocument)[] {
  try {
    return [JSON.parse(text)].flat();
  } catch {
    try {
      return text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line));
    } catch {
      throw badBaseline(name);
    }
  }
}

/** A path from the URI that SARIF has for it. */
function pathOf(uri: string): string {
  try {
    return decodeURIComponent(uri.replace(/^file:\/\//, ''));
  } catch {
    return uri;
  }
}

const badBaseline = (name: string): Failure =>
  new Failure(
    'bad-baseline',
    `${name} is not what dmar check printed.`,
    'A baseline is the output of dmar check --json or --format sarif.',
    EXIT.usage,
  );

/** The fingerprints known of a source; of a baseline of one source they count whatever it was called. */
export function knownOf(baseline: Baseline, path: string): ReadonlySet<string> {
  const [only] = baseline.size === 1 ? baseline.values() : [];
  return baseline.get(path) ?? only ?? new Set();
}
