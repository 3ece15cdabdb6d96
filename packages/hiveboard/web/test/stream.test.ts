import { describe, expect, it } from "vitest";
import { SseParser } from "../src/api/stream";
import { pulseOf } from "../src/state/live";
import { event } from "./fixtures";

describe("SseParser", () => {
  it("reads messages cut at any byte", () => {
    const text = ': hello\n\nid: 7\nevent: event.new\ndata: {"a":\ndata: 1}\n\nid: 8\ndata: x\n\n';
    for (let cut = 0; cut <= text.length; cut += 1) {
      const parser = new SseParser();
      const messages = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
      expect(messages).toEqual([
        { id: "7", event: "event.new", data: '{"a":\n1}' },
        { id: "8", event: "message", data: "x" },
      ]);
    }
  });

  it("takes CRLF and keeps the last id", () => {
    const parser = new SseParser();
    expect(parser.push("id: 1\r\ndata: a\r\n\r\ndata: b\r\n\r\n").map((message) => message.id)).toEqual(["1", "1"]);
  });
});

describe("pulseOf", () => {
  const message = (event: string, data: unknown) => pulseOf({ id: null, event, data: JSON.stringify(data) });
  it("hears events bare and wrapped", () => {
    const told = event("task_started");
    expect(message("event.new", told)).toEqual({ kind: "event", event: told });
    expect(message("message", { type: "event.new", data: told })).toEqual({ kind: "event", event: told });
  });
  it("hears changes of agents", () =>
    expect(message("agent.status_changed", { agent_id: "a" })).toEqual({ kind: "agent", agentId: "a" }));
  it("reads again when the collector skipped events", () =>
    expect(message("events.skipped", { skipped: 9 })).toEqual({ kind: "resync", skipped: true }));
  it("ignores what it does not know", () => {
    expect(pulseOf({ id: null, event: "x", data: "not json" })).toBeNull();
    expect(message("x", null)).toBeNull();
    expect(message("x", [])).toBeNull();
  });
});
