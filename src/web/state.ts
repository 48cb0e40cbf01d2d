/** What somebody chose; it stands in the page's address, the paste does not. */
export interface State {
  /** PCI address as typed; '' for all. */
  readonly device: string;
  /** Release of Linux as typed; '' for that of the evidence. */
  readonly linux: string;
  /** Release of Xen; '' for that of the evidence. */
  readonly xen: string;
  /** MiB of the guest. */
  readonly memory: string;
  /** Policy for reserved regions: strict or relaxed. */
  readonly policy: string;
}

const DEFAULTS: State = { device: '', linux: '', xen: '', memory: '4096', policy: 'strict' };

/** The state that an address's fragment says; what it leaves out is as at the beginning. */
export function stateOf(fragment: string): State {
  const given = new URLSearchParams(fragment.replace(/^#/, ''));
  const entries = Object.entries(DEFAULTS).map(([key, value]) => [key, given.get(key) ?? value]);
  return Object.fromEntries(entries) as State;
}

/** The fragment of a state: only what differs from the beginning. */
export function fragmentOf(state: State): string {
  const changed = Object.entries(state).filter(
    ([key, value]) => value !== DEFAULTS[key as keyof State],
  );
  return changed.length === 0 ? '' : `#${new URLSearchParams(changed)}`;
}
