/** Kinds of difference that a script can tell apart, `any` being each of them and all others. */
export const EFFECTS = ['reserved', 'freed', 'vtd', 'blocked', 'any'] as const;

export type Effect = (typeof EFFECTS)[number];
