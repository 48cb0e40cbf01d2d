/** A source that a page is to hold. */
export interface GivenSource {
  readonly name: string;
  /** Its bytes in base64 (RFC 4648). */
  readonly base64: string;
}

/** The place in the page that its script reads sources from. */
const PLACE = '<script type="application/json" id="given">[]</script>';

/**
 * The page with sources in it, which it answers for when it is opened. Its policy names no data, so it stays as it
 * is, and nothing in a name can end the element it stands in.
 *
 * @param page the page as it was built
 */
export function pageWith(page: string, sources: readonly GivenSource[]): string {
  const text = JSON.stringify(sources).replaceAll('<', '\\u003c');
  return page.replace(PLACE, () => PLACE.replace('[]', () => text));
}
