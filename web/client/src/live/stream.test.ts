import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { StreamEvent } from "./events";
import { LiveStream, type LiveState } from "./stream";

interface Connection {
  headers: Headers;
  send: (text: string) => void;
  end: () => void;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function follow(answers: number[] = []) {
  const connections: Connection[] = [];
  const events: StreamEvent[] = [];
  const states: LiveState[] = [];
  const tokens: boolean[] = [];
  const open: typeof fetch = (_url, init) => {
    const status = answers.shift() ?? 200;
    let send: Connection["send"] = () => undefined;
    let end: Connection["end"] = () => undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (text) => controller.enqueue(new TextEncoder().encode(text));
        end = () => controller.close();
        init?.signal?.addEventListener("abort", () => controller.error(new Error("aborted")));
      },
    });
    connections.push({ headers: new Headers(init?.headers), send, end });
    return Promise.resolve(new Response(body, { status }));
  };
  const stream = new LiveStream({
    url: "http://hub/stream",
    getToken: (renew = false) => {
      tokens.push(renew);
      return Promise.resolve("t");
    },
    onEvent: (event) => events.push(event),
    onState: (state) => states.push(state),
    fetch: open,
  });
  stream.start();
  return { stream, connections, events, states, tokens };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

it("sends the token, and is live with the first byte", async () => {
  const { connections, states, stream } = follow();
  await settle();
  expect(connections[0]?.headers.get("authorization")).toBe("Bearer t");
  expect(states).toEqual(["connecting"]);
  connections[0]?.send(": connected\nid: 7\n\n");
  await settle();
  expect(states.at(-1)).toBe("live");
  expect(stream.lastId).toBe("7");
  stream.stop();
});

it("comes back with the last id after a cut", async () => {
  const { connections, events, stream } = follow();
  await settle();
  connections[0]?.send("id: 7\ndata: one\n\n");
  await settle();
  connections[0]?.end();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(connections).toHaveLength(2);
  expect(connections[1]?.headers.get("last-event-id")).toBe("7");
  connections[1]?.send("id: 8\ndata: two\n\n");
  await settle();
  expect(events.map(({ data }) => data)).toEqual(["one", "two"]);
  stream.stop();
});

it("gives a silent connection up after 40 seconds, but not one with heartbeats", async () => {
  const { connections, stream } = follow();
  await settle();
  for (let beat = 0; beat < 6; beat += 1) {
    connections[0]?.send(": still here\n\n");
    await vi.advanceTimersByTimeAsync(15_000);
  }
  expect(connections).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(42_000);
  expect(connections).toHaveLength(2);
  stream.stop();
});

it("asks for a new token when its own is refused", async () => {
  const { tokens, stream } = follow([401, 200]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(tokens).toEqual([false, true]);
  stream.stop();
});

it("waits longer after each failure, and says that it reconnects", async () => {
  const { connections, states, stream } = follow([503, 503, 503, 503, 503, 503, 503, 503]);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(states.at(-1)).toBe("reconnecting");
  expect(connections.length).toBeLessThan(7);
  await vi.advanceTimersByTimeAsync(200_000);
  expect(connections.length).toBeGreaterThan(7);
  stream.stop();
});

it("tries at once when the network is back", async () => {
  const { connections, states, stream } = follow(Array<number>(20).fill(503));
  await vi.advanceTimersByTimeAsync(20_000);
  stream.networkChanged(false);
  expect(states.at(-1)).toBe("offline");
  const before = connections.length;
  stream.networkChanged(true);
  await settle();
  expect(connections.length).toBe(before + 1);
  stream.stop();
});

it("opens nothing after it is stopped", async () => {
  const { connections, stream } = follow();
  await settle();
  stream.stop();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(connections).toHaveLength(1);
});
