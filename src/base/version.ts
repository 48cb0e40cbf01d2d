/** The package's version, as in package.json. */
export const VERSION = '0.2.0';

/** What the build puts in: the commit that it was made of. */
declare const __COMMIT__: string | undefined;

/** The commit that this was built of; null where that is not known. */
export const COMMIT: string | null = typeof __COMMIT__ === 'undefined' ? null : __COMMIT__;
