// The switches that let the service's API fail, and what they are set to.

import { at, element } from "./dom.js";

const FAULTS = [
  { label: "All well", body: null },
  { label: "Outage", title: "Every call is answered 503", body: { status: 503 } },
  { label: "Flaky", title: "Three in ten calls are answered 503", body: { status: 503, rate: 0.3 } },
  { label: "Slow", title: "Two seconds before each answer", body: { latency_ms: 2000 } },
  { label: "Hanging", title: "Calls are never answered", body: { hang: true } },
  { label: "Lost answers", title: "The message goes out, the answer is lost", body: { drop_after_accept: true } },
  { label: "Busy", title: "429 with Retry-After: 5", body: { status: 429, retry_after: 5 } },
  { label: "Refusing", title: "Every call is answered 400", body: { status: 400 } },
];


function sameFault(body, faults) {
  if (body === null) return !faults.active;
  const plain = { status: null, rate: 1, latency_ms: 0, hang: false, drop_after_accept: false, retry_after: null, active: true };
  return Object.entries({ ...plain, ...body }).every(([name, value]) => faults[name] === value);
}

export function drawFaults(faults, kafka) {
  const buttons = at("switches").children;
  FAULTS.forEach((fault, index) => buttons[index].setAttribute("aria-pressed", sameFault(fault.body, faults)));
  const said = [];
  if (faults.status) said.push(`answers ${faults.status}`);
  if (faults.retry_after !== null) said.push(`Retry-After ${faults.retry_after} s`);
  if (faults.latency_ms) said.push(`waits ${faults.latency_ms} ms`);
  if (faults.hang) said.push("never answers");
  if (faults.drop_after_accept) said.push("sends, but drops the answer");
  const share = faults.rate < 1 ? `${Math.round(faults.rate * 100)} % of calls: ` : "Every call: ";
  const reports = { up: "", off: "", connecting: "", down: "Delivery reports wait for Kafka." }[kafka] ?? "";
  const state = faults.active ? `${share}${said.join(", ")}. ` : "";
  at("fault-state").textContent = state + reports;
  at("fault-state").className = faults.active || reports ? "bad" : "";
}

async function setFault(body, refresh) {
  await fetch("/sandbox/faults", body
    ? { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }
    : { method: "DELETE" });
  refresh();
}

export function makeSwitches(refresh) {
  at("switches").append(...FAULTS.map((fault) => element("button", {
    type: "button", title: fault.title || "Every call is answered normally", className: fault.body ? "" : "well",
    onclick: () => setFault(fault.body, refresh),
  }, fault.label)));
}
