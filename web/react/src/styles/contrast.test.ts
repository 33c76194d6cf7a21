import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");
const PAIRS = [...css.matchAll(/--apt-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)];
const colours = new Map(
  PAIRS.map(([, name, light, dark]) => [name ?? "", [light ?? "", dark ?? ""] as const]),
);

/** Return the contrast of two colours by WCAG 2.2. */
function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const READ = ["fg", "muted", "accent", "ok", "warn", "bad"];
const ON = ["bg", "surface", "raised", "quiet"];
const cases = [
  ...READ.flatMap((text) => ON.map((ground) => [text, ground] as const)),
  ["accent-fg", "accent"] as const,
  ["fg", "accent-soft"] as const,
  ["accent", "accent-soft"] as const,
  ["fg", "bad-soft"] as const,
  ["bad", "bad-soft"] as const,
  ["bg", "fg"] as const,
];

it.each(cases)("%s can be read on %s, in light and dark", (text, ground) => {
  for (const scheme of [0, 1] as const) {
    const [front, back] = [colours.get(text)?.[scheme] ?? "", colours.get(ground)?.[scheme] ?? ""];
    expect(contrast(front, back), `${front} on ${back}`).toBeGreaterThanOrEqual(4.5);
  }
});
