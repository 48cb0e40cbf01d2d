/** Error numbers as Xen's public headers give them (xen/include/public/errno.h). */
export const ERRNO = {
  EPERM: 1,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  ENOMEM: 12,
  EFAULT: 14,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ERANGE: 34,
  ENOSYS: 38,
  ENOBUFS: 105,
} as const;

const NAMES = new Map<number, string>(Object.entries(ERRNO).map(([name, value]) => [value, name]));

/** Name of a negative errno, e.g. `ENOBUFS` for −105; null for 0 and for numbers without a name here. */
export const errnoName = (rc: number): string | null => NAMES.get(-rc) ?? null;
