import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";

import { createClient } from "./client";
import { ApiError } from "./errors";

const BASE = "http://hub.example";
const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const renewals: boolean[] = [];
const client = createClient({
  baseUrl: `${BASE}/`,
  getToken: (renew = false) => {
    renewals.push(renew);
    return Promise.resolve(renew ? "new" : "old");
  },
});
const write = { key: "a-key", version: 3 };

it("sends the version that was seen, and the key of the intent", async () => {
  server.use(
    http.patch(`${BASE}/api/appointments/x`, async ({ request }) => {
      expect(request.headers.get("if-match")).toBe('"3"');
      expect(request.headers.get("idempotency-key")).toBe("a-key");
      expect(new URL(request.url).searchParams.get("scope")).toBe("following");
      expect(await request.json()).toEqual({ title: "New" });
      return HttpResponse.json({ id: "x", version: 4 });
    }),
  );
  const written = await client.update("x", { title: "New" }, { ...write, scope: "following" });
  expect(written).toMatchObject({ pending: false, value: { version: 4 } });
});

it("rejects a refusal with its code and its alternatives", async () => {
  const problem = {
    code: "conflict",
    status: 409,
    detail: "busy",
    alternatives: [{ start_time: "a", end_time: "b" }],
  };
  server.use(http.patch(`${BASE}/api/appointments/x`, () => HttpResponse.json(problem, { status: 409 })));
  const error = await client.update("x", {}, write).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ code: "conflict", status: 409, passing: false, problem });
});

it("says that a command is not decided yet", async () => {
  server.use(
    http.post(`${BASE}/api/appointments/x/confirm`, () =>
      HttpResponse.json({ command_id: "c", status: "pending" }, { status: 202 }),
    ),
  );
  expect(await client.confirm("x", write)).toEqual({ pending: true, commandId: "c" });
});

it("asks once for a new token, and sends the same body again", async () => {
  renewals.length = 0;
  const bodies: unknown[] = [];
  server.use(
    http.post(`${BASE}/api/appointments/x/decline`, async ({ request }) => {
      bodies.push(await request.json());
      const fresh = request.headers.get("authorization") === "Bearer new";
      return fresh
        ? HttpResponse.json({ id: "x" })
        : HttpResponse.json({ code: "unauthenticated" }, { status: 401 });
    }),
  );
  await client.decline("x", "Away", write);
  expect(renewals).toEqual([false, true]);
  expect(bodies).toEqual([{ reason: "Away" }, { reason: "Away" }]);
});

it("keeps Retry-After, and calls an unknown answer unexpected", async () => {
  server.use(
    http.get(`${BASE}/api/appointments/me`, () =>
      HttpResponse.text("<html>", { status: 503, headers: { "retry-after": "7" } }),
    ),
  );
  const error = await client.me().catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "unexpected", status: 503, retryAfter: 7, passing: true });
});

it("calls a server that cannot be reached unreachable", async () => {
  server.use(http.get(`${BASE}/api/appointments/me`, () => HttpResponse.error()));
  await expect(client.me()).rejects.toMatchObject({ code: "unreachable", passing: true });
});
