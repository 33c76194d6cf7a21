import type { Client } from "@appointments/client";
import { expect, it, vi } from "vitest";

import { settled } from "./decide";

it("asks for the outcome less and less often until it is there", async () => {
  const answers = [null, null, { appointmentId: "a" }];
  const client = { outcome: vi.fn(() => Promise.resolve(answers.shift() ?? null)) } as unknown as Client;
  const pauses: number[] = [];
  const pause = (seconds: number) => Promise.resolve(void pauses.push(seconds));
  expect(await settled(client, { pending: true, commandId: "c" }, pause)).toBeUndefined();
  expect(pauses).toEqual([1, 2, 4]);
});

it("takes a decision that is there as it is", async () => {
  expect(await settled({} as Client, { pending: false, value: 7 })).toBe(7);
});
