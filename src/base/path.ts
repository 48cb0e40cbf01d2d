/** The path of something below a directory; slashes at the directory's end count as one. */
export function below(directory: string, name: string): string {
  let end = directory.length;
  while (end > 0 && directory[end - 1] === '/') end--;
  return `${directory.slice(0, end)}/${name}`;
}
