// The list of messages, drawn again whenever the feed tells of a change.

import { at, clock, element, face, icon, inWords, shortId } from "./dom.js";
import { drawFaults, makeSwitches } from "./faults.js";

const POLL_MS = 1000;
const PAGE_SIZE = 60;
const CHANNELS = { email: "E-mail", sms: "SMS", in_app: "In-app", push: "Push" };
const filter = { type: "", recipient: "", channel: "" };
let limit = PAGE_SIZE;
let known = "";
let previous = null;
let newestSeen = null;
const open = new Set();

function texts(message) {
  return message.channels.map((channel) => {
    const rendered = message.rendered[channel] || {};
    const made = element("div", { className: `text ${channel}` });
    const subject = rendered.subject ?? rendered.title;
    if (subject) made.append(element("p", { className: "subject" }, subject));
    const body = rendered.text_body ?? rendered.body ?? "";
    made.append(element("p", { className: "body" }, body.trim()));
    return made;
  });
}

function facts(message) {
  const made = element("p", { className: "facts" });
  for (const channel of message.channels) made.append(element("span", {}, icon(channel), CHANNELS[channel] || channel));
  made.append(element("span", { className: "kind" }, inWords(message.type)));
  made.append(element("span", { className: `state ${message.state}` }, message.state));
  if (message.priority === "high") made.append(element("span", { className: "high" }, "high priority"));
  if (message.attempts > 1) {
    const title = "Asked for again with the same Idempotency-Key, sent once";
    made.append(element("span", { className: "repeated", title }, `${message.attempts} attempts, sent once`));
  }
  return made;
}

function card(message) {
  const name = message.template_data.recipient_name || "";
  const who = message.recipients.map((id) => name || shortId(id)).join(", ");
  const made = element("li", { className: "card" });
  made.append(
    face(name || who, message.recipients[0]),
    element("span", { className: "who", title: message.recipients.join(", ") }, who),
    element("time", { className: "when", datetime: message.received_at, title: message.received_at }, clock(message.received_at)),
    facts(message),
    footer(message, made),
    ...texts(message),
  );
  if (open.has(message.id)) made.append(source(message));
  return made;
}

function footer(message, made) {
  const more = element("footer");
  const html = message.rendered.email && message.rendered.email.html_body;
  if (html) more.append(element("button", { type: "button", onclick: () => letter(message) }, "Show as HTML"));
  const file = message.channels.includes("email") && message.template_data.calendar_file;
  if (file) more.append(element("button", { type: "button", "aria-expanded": false, onclick: (event) => {
    const shown = made.querySelector("pre.file");
    if (shown) shown.remove(); else made.append(element("pre", { className: "file" }, String(file)));
    event.target.setAttribute("aria-expanded", !shown);
  } }, "Calendar file"));
  more.append(element("button", { type: "button", "aria-expanded": open.has(message.id), onclick: (event) => {
    const shown = made.querySelector("pre.request");
    if (shown) { shown.remove(); open.delete(message.id); } else { made.append(source(message)); open.add(message.id); }
    event.target.setAttribute("aria-expanded", !shown);
  } }, "Request"));
  return more;
}

function source(message) {
  const { rendered, seq, ...request } = message;
  return element("pre", { className: "request" }, JSON.stringify(request, null, 2));
}

function letter(message) {
  at("letter-title").textContent = message.rendered.email.subject;
  at("letter-body").srcdoc = message.rendered.email.html_body; // sandboxed: no scripts, no forms, no navigation
  at("letter").showModal();
}

// Cards are kept by id, so that only what changed is drawn and the focus stays where it is.
function drawCards(messages) {
  const list = at("cards");
  const present = new Map([...list.children].map((child) => [child.dataset.id, child]));
  let place = list.firstElementChild;
  for (const message of messages) {
    const mark = `${message.state}/${message.attempts}`;
    let child = present.get(message.id);
    present.delete(message.id);
    if (!child || child.dataset.mark !== mark) {
      const fresh = card(message);
      fresh.dataset.id = message.id;
      fresh.dataset.mark = mark;
      if (!child && newestSeen !== null && message.seq > newestSeen) fresh.classList.add("fresh");
      if (child) { if (place === child) place = fresh; child.replaceWith(fresh); }
      child = fresh;
    }
    if (child === place) place = place.nextElementSibling;
    else list.insertBefore(child, place);
  }
  for (const gone of present.values()) gone.remove();
  newestSeen = Math.max(newestSeen ?? 0, ...messages.map((message) => message.seq));
}

function drawInboxes(inboxes, total) {
  const rows = [{ recipient: "", name: "Everyone", messages: total }, ...inboxes];
  const focused = document.activeElement && document.activeElement.dataset.recipient;
  at("inboxes").replaceChildren(...rows.map((row) => {
    const name = row.name || shortId(row.recipient);
    const button = element("button", {
      type: "button", title: row.recipient, "data-recipient": row.recipient,
      "aria-pressed": row.recipient === filter.recipient, onclick: () => choose({ recipient: row.recipient }),
    }, face(row.recipient ? name : "*", row.recipient || "*"),
    element("span", { className: "name" }, name), element("span", { className: "count" }, row.messages.toLocaleString()));
    if (!row.recipient) { button.firstChild.classList.add("all"); button.firstChild.textContent = "∗"; }
    return element("li", {}, button);
  }));
  if (focused !== undefined) document.querySelector(`[data-recipient="${CSS.escape(focused)}"]`)?.focus();
}

function drawTypes(types) {
  const options = Object.entries(types).map(([type, count]) => {
    const option = element("option", { value: type }, `${inWords(type)} (${count.toLocaleString()})`);
    option.selected = type === filter.type;
    return option;
  });
  const first = element("option", { value: "" }, "all");
  if (document.activeElement !== at("type")) at("type").replaceChildren(first, ...options);
}

function drawChannels() {
  at("channels").replaceChildren(...[["", "All"], ...Object.entries(CHANNELS)].map(([channel, label]) =>
    element("button", { type: "button", "aria-pressed": channel === filter.channel, onclick: () => choose({ channel }) }, label)));
}

function drawCounter(total) {
  const now = performance.now();
  const rate = previous ? Math.max(0, (total - previous.total) / ((now - previous.now) / 1000)) : 0;
  previous = { total, now };
  at("total").textContent = total.toLocaleString();
  at("rate").textContent = rate >= 0.5 ? `messages, ${Math.round(rate).toLocaleString()} a second` : "messages";
  document.title = `${total.toLocaleString()} messages · Sandbox Communication Service`;
}

function drawEmpty(total, matching) {
  at("empty").hidden = matching > 0;
  at("empty-code").hidden = total > 0;
  at("empty-title").textContent = total ? "Nothing like that" : "No messages yet";
  at("empty-text").textContent = total
    ? "No message fits these filters. Choose Everyone, All and all types to see every message."
    : "Book an appointment, and whoever takes part is told here within a second:";
}

function draw(feed) {
  if (feed.messages) {
    known = feed.revision;
    drawCards(feed.messages);
    drawInboxes(feed.inboxes, feed.total);
    drawTypes(feed.types);
    drawEmpty(feed.total, feed.matching);
    at("more").hidden = feed.matching <= feed.messages.length || limit >= 500;
    at("shown").textContent = feed.matching > feed.messages.length
      ? `newest ${feed.messages.length} of ${feed.matching.toLocaleString()}` : "";
    drawCounter(feed.total);
  } else if (previous) drawCounter(previous.total);
  drawFaults(feed.faults, feed.kafka);
}

let asking = 0;
async function refresh() {
  const mine = ++asking;
  const query = new URLSearchParams({ known, limit });
  for (const [name, value] of Object.entries(filter)) if (value) query.set(name, value);
  try {
    const answer = await fetch(`/sandbox/feed?${query}`);
    if (!answer.ok) throw new Error(answer.statusText);
    const feed = await answer.json();
    if (mine !== asking) return; // a later question is on its way, with other filters perhaps
    draw(feed);
    at("offline").hidden = true;
    at("pulse").classList.remove("off");
  } catch {
    at("offline").hidden = false;
    at("pulse").classList.add("off");
  }
}

async function loop() {
  if (!document.hidden) await refresh();
  setTimeout(loop, POLL_MS);
}

function choose(change) {
  Object.assign(filter, change);
  at("recipient").value = filter.recipient;
  limit = PAGE_SIZE;
  known = "";
  newestSeen = null;
  drawChannels();
  refresh();
}

function start() {
  makeSwitches(refresh);
  drawChannels();
  at("type").addEventListener("change", (event) => choose({ type: event.target.value }));
  at("recipient").addEventListener("change", (event) => choose({ recipient: event.target.value.trim() }));
  at("more").addEventListener("click", () => { limit = Math.min(500, limit * 3); known = ""; refresh(); });
  at("clear").addEventListener("click", async () => {
    if (!confirm("Forget all messages and idempotency keys?")) return;
    await fetch("/sandbox/messages", { method: "DELETE" });
    choose({ recipient: "", type: "", channel: "" });
  });
  at("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  });
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  at("example-port").textContent = Number(location.port || 8003) - 3; // the ingress stands three ports below
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  at("example-start").textContent = `${tomorrow}T09:00:00`;
  at("example-end").textContent = `${tomorrow}T09:30:00`;
  loop();
}

start();
