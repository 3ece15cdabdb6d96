/** Server-sent events over fetch, because EventSource tells neither why it was refused nor that a connection died. */

export interface StreamMessage {
  id: string | null;
  event: string;
  data: string;
}

/** Splits a byte stream's text into messages; keeps what is incomplete for the next piece. */
export class SseParser {
  private rest = "";
  private id: string | null = null;

  /** Complete messages in `text`, following whatever was left over before. */
  push(text: string): StreamMessage[] {
    this.rest += text;
    const messages: StreamMessage[] = [];
    const blocks = this.rest.split(/\r\n\r\n|\n\n|\r\r/);
    this.rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const message = this.read(block);
      if (message) messages.push(message);
    }
    return messages;
  }

  private read(block: string): StreamMessage | null {
    let event = "message";
    const data: string[] = [];
    for (const line of block.split(/\r\n|\n|\r/)) {
      if (line.startsWith(":")) continue;
      const at = line.indexOf(":");
      const name = at < 0 ? line : line.slice(0, at);
      const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
      if (name === "event") event = value;
      else if (name === "data") data.push(value);
      else if (name === "id" && !value.includes("\0")) this.id = value;
    }
    return data.length ? { id: this.id, event, data: data.join("\n") } : null;
  }
}

/** Silence after which a connection counts as dead; the collector sends a comment more often than that. */
export const SILENCE_MS = 45_000;

/**
 * Read one connection to its end, calling `onMessage` for each message and `onOpen` once.
 * Resolves when the server closes; rejects on network errors, silence, and with the response's status when it is not 200.
 */
export async function readStream(
  url: string,
  headers: Record<string, string>,
  abort: AbortController,
  onOpen: () => void,
  onMessage: (message: StreamMessage) => void,
): Promise<void> {
  let watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
  const rewind = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
  };
  try {
    const response = await fetch(url, {
      headers: { Accept: "text/event-stream", ...headers },
      signal: abort.signal,
      cache: "no-store",
    });
    if (!response.ok || !response.body) throw new StreamRefused(response.status);
    onOpen();
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rewind();
      for (const message of parser.push(decoder.decode(value, { stream: true }))) onMessage(message);
    }
  } finally {
    clearTimeout(watchdog);
  }
}

export class StreamRefused extends Error {
  constructor(readonly status: number) {
    super(`The live stream was refused with ${status}.`);
    this.name = "StreamRefused";
  }
}
