/** How bad a finding is: an error makes the table unusable somewhere, a warning may, an info is a remark. */
export type Severity = 'error' | 'warning' | 'info';

/** Something worth saying about a run of bytes of a table. */
export interface Diagnostic {
  /** Stable kebab-case identifier that scripts may test. */
  code: string;
  severity: Severity;
  /** First byte concerned, counted from the start of the table. */
  offset: number;
  /** Number of bytes concerned. */
  length: number;
  /** One sentence for a person, with the values that matter. */
  message: string;
}
