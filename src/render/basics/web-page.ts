/** A source that a page is to hold. */
export interface GivenSource {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The place in the page that its script reads sources from. */
const PLACE = '<script type="application/json" id="given">[]</script>';

/** Bytes at a time, since a call takes so many arguments at most. */
const CHUNK = 0x8000;

function base64(bytes: Uint8Array): string {
  let characters = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    characters += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(characters);
}

/**
 * The page with sources in it, which it answers for when it is opened. Its policy names no data, so it stays as it
 * is, and nothing in a name can end the element it stands in.
 *
 * @param page the page as it was built
 */
export function pageWith(page: string, sources: readonly GivenSource[]): string {
  const given = sources.map(({ name, bytes }) => ({ name, base64: base64(bytes) }));
  const text = JSON.stringify(given).replaceAll('<', '\\u003c');
  return page.replace(PLACE, () => PLACE.replace('[]', () => text));
}
