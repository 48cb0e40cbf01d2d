import { requireText } from './arguments.js';
/** A point release of Xen 4, 4.MINOR.POINT. */
export type PointRelease = readonly [minor: number, point: number];

/**
 * A change of behaviour that came with a release and, where it was backported, with point releases of
 * earlier ones: the first point release of each branch that has it, oldest branch first. Every branch
 * after the last one named has it from the start.
 */
export interface BehaviourChange<B> {
  readonly since: readonly PointRelease[];
  readonly set: Partial<B>;
}

/** Reads `4.17.7`; null where the text is no point release of Xen 4. */
export function parsePointRelease(name: string): PointRelease | null {
  requireText(name, 'release');
  const match = /^4\.(\d{1,3})\.(\d{1,3})$/.exec(name);
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

/** Whether a release has what came first with these point releases (see {@link BehaviourChange}). */
export function isSince([minor, point]: PointRelease, since: readonly PointRelease[]): boolean {
  const branch = since.find(([first]) => first === minor);
  if (branch !== undefined) return point >= branch[1];
  const last = since.at(-1);
  return last !== undefined && minor > last[0];
}

/**
 * What a release does: the oldest behaviour with all changes that the release has, later ones overriding.
 *
 * @param release null takes the oldest behaviour as it is
 */
export const behaviourOf = <B extends object>(
  oldest: B,
  changes: readonly BehaviourChange<B>[],
  release: PointRelease | null,
): B =>
  Object.assign(
    { ...oldest },
    ...changes
      .filter(({ since }) => release !== null && isSince(release, since))
      .map(({ set }) => set),
  ) as B;
