// Server-sent events for a tab with a key: a browser's own EventSource sends no header.
//
// It has the face of an EventSource, as far as pages use it, and does not try again by itself: who
// opened it does.
import { keyed } from "./api.js";

// The server breaks its silence each 15 s; after this the connection is dead, though nobody said so.
const SILENT_MS = 45000;

// Text of a stream in pieces, cut anywhere; `told(kind, data, id)` gets each event that is whole. `id` is the last
// one so far: an event without one has that of the event before.
export class EventParser {
  #rest = "";
  #kind = "";
  #data = [];
  #id;

  constructor(told, id = "") {
    this.told = told;
    this.#id = id;
  }

  push(text) {
    const whole = this.#rest + text;
    // A return at the end may be half of a line's end.
    const end = whole.endsWith("\r") ? whole.length - 1 : whole.length;
    const lines = whole.slice(0, end).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() + whole.slice(end);
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (line === "") {
      if (this.#data.length) this.told(this.#kind || "message", this.#data.join("\n"), this.#id);
      this.#kind = "";
      this.#data = [];
      return;
    }
    const at = line.indexOf(":");
    if (at === 0) return;
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(line[at + 1] === " " ? at + 2 : at + 1);
    if (name === "event") this.#kind = value;
    else if (name === "data") this.#data.push(value);
    else if (name === "id" && !value.includes("\0")) this.#id = value;
  }
}

export class EventReader extends EventTarget {
  #own = new AbortController();
  #silence = null;

  // `place.last` is the id it resumes from, and is kept up.
  constructor(target, key, place) {
    super();
    const { last } = place;
    this.#read(target, place, { accept: "text/event-stream", ...keyed(key), ...(last ? { "last-event-id": last } : {}) });
  }

  close() {
    clearTimeout(this.#silence);
    this.#own.abort();
  }

  async #read(target, place, headers) {
    const { signal } = this.#own;
    try {
      this.#heard();
      const reply = await fetch(target, { headers, signal, cache: "no-store", credentials: "same-origin" });
      if (!reply.ok || !reply.headers.get("content-type")?.startsWith("text/event-stream")) throw new Error(`HTTP ${reply.status}`);
      const parser = new EventParser((kind, data, lastEventId) => {
        // Whoever closed it hears nothing more of it.
        if (signal.aborted) return;
        place.last = lastEventId;
        this.dispatchEvent(new MessageEvent(kind, { data, lastEventId }));
      }, place.last);
      const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
        this.#heard();
        parser.push(value);
      }
    } catch {
      // A refusal, a cut, our own end: all the same to who reads.
    }
    if (signal.aborted) return;
    this.close();
    this.dispatchEvent(new Event("error"));
  }

  #heard() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.close();
      this.dispatchEvent(new Event("error"));
    }, SILENT_MS);
  }
}

// Under which name tabs of the same key know each other, and what opens their stream. The key cannot be
// read from the name; without a secure origin nothing is shared, and the name is nobody else's.
export async function readerFor(name, key) {
  const digest = await crypto.subtle?.digest("SHA-256", new TextEncoder().encode(key));
  const mark = digest ? new Uint32Array(digest) : crypto.getRandomValues(new Uint32Array(8));
  const place = { last: "" };
  return { name: `${name}#${mark.join(".")}`, open: (target) => new EventReader(target, key, place) };
}
