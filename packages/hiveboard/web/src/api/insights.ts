/** Shapes of the answers to questions, and of what detectors found. */

export interface Evidence {
  label: string;
  /** The address of a view, beginning with `#/`. */
  link: string;
}

export interface TrendPoint {
  timestamp: string;
  value: number | null;
}

export interface Insight {
  id: string;
  number: number | null;
  group: string;
  question: string;
  value: number | null;
  unit: string;
  previous: number | null;
  /** `value` minus `previous`. */
  change: number | null;
  trend: TrendPoint[];
  /** `ok`, `attention` or `unknown`. */
  state: string;
  /** One plain sentence; of what is unknown the reason. */
  explanation: string;
  evidence: Evidence[];
}

export interface BreakdownColumn {
  key: string;
  title: string;
  unit: string;
}

export interface Breakdown extends Insight {
  columns: BreakdownColumn[];
  rows: Record<string, unknown>[];
  rows_omitted: number;
}

export interface Finding {
  id: string;
  detector: string;
  severity: string;
  agent_id: string | null;
  summary: string;
  since: string | null;
  evidence: Evidence[];
}

export interface Insights {
  range: string;
  since: string;
  until: string;
  insights: Insight[];
  findings: Finding[];
}
