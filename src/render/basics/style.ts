/** Colours by what they mean. */
export interface Style {
  heading(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warning(text: string): string;
  added(text: string): string;
  removed(text: string): string;
  faint(text: string): string;
}

const same = (text: string) => text;

/** No colour at all. */
export const PLAIN: Style = {
  heading: same,
  good: same,
  bad: same,
  warning: same,
  added: same,
  removed: same,
  faint: same,
};
