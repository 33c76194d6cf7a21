import { expect, it } from "vitest";

import { fragmentAddress, tokenFrom } from "./fragment";

function store(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
    clear: () => kept.clear(),
    key: () => null,
    length: 0,
  };
}

const CALLBACK = "http://hub.example/app/callback";

it("asks the sign-in page to come back here", () => {
  const address = new URL(fragmentAddress("http://id.example/login?a=1", CALLBACK, store(), "s"));
  expect(Object.fromEntries(address.searchParams)).toEqual({ a: "1", return_to: CALLBACK, state: "s" });
});

it("takes the token that it asked for, once", () => {
  const tab = store();
  fragmentAddress("http://id.example/login", CALLBACK, tab, "s");
  expect(tokenFrom(`${CALLBACK}#token=a.b.c&state=s`, tab)).toBe("a.b.c");
  expect(tokenFrom(`${CALLBACK}#token=a.b.c&state=s`, tab)).toBeNull();
});

it.each([`${CALLBACK}#token=a.b.c&state=other`, `${CALLBACK}#token=a.b.c`, `${CALLBACK}#state=s`, CALLBACK])(
  "takes no token that somebody else handed over: %s",
  (address) => {
    const tab = store();
    fragmentAddress("http://id.example/login", CALLBACK, tab, "s");
    expect(tokenFrom(address, tab)).toBeNull();
  },
);
