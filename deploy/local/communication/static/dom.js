// Small makers of elements. What a stranger typed enters the page as text, never as markup.

export const at = (id) => document.getElementById(id);

const ICONS = {
  email: "M2.5 4.5h15v11h-15z M2.5 5l7.5 6 7.5-6",
  sms: "M3 4h14v9.5H9L5.5 17v-3.5H3z",
  in_app: "M10 3a4.5 4.5 0 0 0-4.5 4.5c0 4-1.5 5.5-1.5 5.5h12s-1.5-1.5-1.5-5.5A4.5 4.5 0 0 0 10 3z M8.5 16a1.6 1.6 0 0 0 3 0",
  push: "M6 2.5h8v15H6z M9 15h2",
};

export function element(tag, options = {}, ...children) {
  const { className, ...rest } = options;
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const [name, value] of Object.entries(rest)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function icon(channel) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[channel] || "");
  svg.append(path);
  return svg;
}

export function face(name, id) {
  const initials = name.split(/\s+/).filter(Boolean).map((part) => [...part][0]).slice(0, 2).join("");
  const made = element("span", { className: "face", "aria-hidden": "true" }, initials.toUpperCase() || "?");
  let hue = 0;
  for (const character of id) hue = (hue * 31 + character.codePointAt(0)) % 360;
  made.style.setProperty("--hue", hue);
  return made;
}

export const shortId = (id) => (id.length > 13 ? id.slice(0, 8) : id);
export const inWords = (type) => type.replace(/^appointment_/, "").replaceAll("_", " ");

export function clock(instant) {
  const time = new Date(instant);
  const today = new Date().toDateString() === time.toDateString();
  return time.toLocaleString([], today ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" });
}
