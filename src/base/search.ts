/**
 * Index of the first item, in a list sorted so that all items which pass come after all which do not, that
 * passes; the length of the list where none does. Takes logarithmic time.
 */
export function indexOfFirst<T>(items: readonly T[], passes: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
