// The first view of each page in bytes, compressed: more than its budget fails.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGETS = { CalendarPage: 205_000, AppointmentPage: 205_000 };

const assets = join(process.argv[2] ?? "../services/ingress/web", "assets");
const files = readdirSync(assets).filter((name) => /\.(js|css)$/.test(name));
const text = new Map(files.map((name) => [name, readFileSync(join(assets, name), "utf8")]));

/** Return a file and all that it imports at once; what comes by import() is loaded later. */
function closure(name, found = new Set()) {
  if (found.has(name) || !text.has(name)) return found;
  found.add(name);
  for (const [, other] of text.get(name).matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g))
    closure(other, found);
  return found;
}

let failed = false;
for (const [page, budget] of Object.entries(BUDGETS)) {
  const entries = files.filter((name) => name.startsWith("index-") || name.startsWith(`${page}-`));
  if (!entries.some((name) => name.startsWith(page))) throw new Error(`no chunk of ${page}`);
  const loaded = entries.reduce((found, name) => closure(name, found), new Set());
  for (const name of files) if (name.endsWith(".css")) loaded.add(name);
  const bytes = [...loaded].reduce((sum, name) => sum + gzipSync(text.get(name), { level: 9 }).length, 0);
  console.log(`${page}: ${bytes} of ${budget} bytes`);
  failed ||= bytes > budget;
}
process.exit(failed ? 1 : 0);
