import fc from "fast-check";
import { expect, it } from "vitest";

import { EventParser } from "./events";

const STREAM =
  ": connected\nid: 4.0.17\nretry: 1000\n\n" +
  'id: 4.0.18\r\nevent: calendar.changed\r\ndata: {"a":\r\ndata: 1}\r\n\r\n' +
  ": still here\nid: 4.0.19\n\n" +
  "data: plain\r\r";

it("reads a stream the same however it is cut", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 80 }), (cuts) => {
      const parser = new EventParser();
      const events = [];
      let at = 0;
      for (const length of cuts) {
        events.push(...parser.push(STREAM.slice(at, at + length)));
        at += length;
      }
      events.push(...parser.push(STREAM.slice(at)), ...parser.push("\n"));
      expect(events).toEqual([
        { type: "calendar.changed", data: '{"a":\n1}', id: "4.0.18" },
        { type: "message", data: "plain", id: "4.0.19" },
      ]);
      expect(parser.lastId).toBe("4.0.19");
      expect(parser.retry).toBe(1_000);
    }),
  );
});

it("takes the id of a comment, so that a quiet stream resumes where it was", () => {
  const parser = new EventParser("1");
  expect(parser.push(": still here\nid: 2\n\n")).toEqual([]);
  expect(parser.lastId).toBe("2");
});

it("does not pass on an event that is cut off", () => {
  const parser = new EventParser();
  expect(parser.push("id: 1\ndata: half")).toEqual([]);
  expect(parser.lastId).toBe("");
});
