/** What the collector noticed by itself, errors first. */

import type { Finding } from "../api/insights";
import { oneLine } from "../format";
import { EvidenceLinks } from "./EvidenceLinks";
import { Icon } from "./Marks";
import { Panel } from "./Panel";
import { Age } from "./Text";

export function FindingList({ findings }: { findings: readonly Finding[] }) {
  return (
    <Panel title="Noticed" label="Findings" kind="findings" count={findings.length}>
      {findings.length === 0 ? (
        <p class="note dim">Nothing unusual: no stalled queue, no burst of errors, no jump in cost.</p>
      ) : (
        <ul>
          {findings.map((finding) => (
            <Row key={finding.id} finding={finding} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Row({ finding }: { finding: Finding }) {
  const grave = finding.severity === "error";
  return (
    <li class={`finding edge-${grave ? "bad" : "wait"}`}>
      <span class={`tone-${grave ? "bad" : "wait"}`} title={grave ? "Error" : "Warning"}>
        <Icon name="alert" />
        <span class="sr-only">{grave ? "Error" : "Warning"}</span>
      </span>
      <span class="finding-text wrap">
        <bdi>{oneLine(finding.summary, 600)}</bdi>
      </span>
      <EvidenceLinks evidence={finding.evidence} />
      <span class="finding-since dim">{finding.since ? <Age at={finding.since} /> : null}</span>
    </li>
  );
}
