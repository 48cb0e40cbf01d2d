/**
 * The name that a word is one slip away from: a letter too many, too few or wrong, or two in each other's place.
 *
 * @returns null where it is none of them
 */
export const nearestName = (word: string, names: readonly string[]): string | null =>
  names.find((name) => isSlip(word, name)) ?? null;

function isSlip(word: string, name: string): boolean {
  let at = 0;
  while (at < word.length && word[at] === name[at]) at++;
  const [rest, right] = [word.slice(at), name.slice(at)];
  return (
    word !== name &&
    (rest.slice(1) === right ||
      rest === right.slice(1) ||
      rest.slice(1) === right.slice(1) ||
      (rest[0] === right[1] && rest[1] === right[0] && rest.slice(2) === right.slice(2)))
  );
}
