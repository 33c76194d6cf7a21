import { IntlMessageFormat } from "intl-messageformat";
import { expect, it } from "vitest";

import { de } from "./de";
import { en } from "./en";

type Tree = { readonly [key: string]: string | Tree };

function flat(tree: Tree, path = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[path + key, value] as [string, string]] : flat(value, `${path}${key}.`),
  );
}

function argumentsOf(text: string): string[] {
  const names = new Set<string>();
  const walk = (elements: readonly object[]) => {
    for (const element of elements) {
      if ("value" in element && "type" in element && element.type !== 0) names.add(String(element.value));
      if ("options" in element) {
        for (const option of Object.values(element.options as Record<string, { value: object[] }>))
          walk(option.value);
      }
    }
  };
  walk(new IntlMessageFormat(text).getAst());
  return [...names].sort();
}

const german = new Map(flat(de));

it.each(flat(en as Tree))("%s takes the same arguments in German", (key, text) => {
  expect(argumentsOf(german.get(key) ?? "")).toEqual(argumentsOf(text));
});

it("German has no other keys", () => {
  expect([...german.keys()].sort()).toEqual(
    flat(en as Tree)
      .map(([key]) => key)
      .sort(),
  );
});
