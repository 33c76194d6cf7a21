import type { Calendar, CalendarChanged } from "@appointments/client";

import { type Range, withChange } from "./cache";

const KEPT_FOR = 15_000;

/** The changes of the last seconds. An answer that was on its way when they came does not have them. */
export class RecentChanges {
  readonly #changes = new Map<string, { change: CalendarChanged; at: number }>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  note(change: CalendarChanged): void {
    const known = this.#changes.get(change.appointment_id);
    if (!known || known.change.version <= change.version) {
      this.#changes.set(change.appointment_id, { change, at: this.#now() });
    }
  }

  /** Forget everything: the stream has lost its place, and what is read now is newer. */
  clear(): void {
    this.#changes.clear();
  }

  /** Return an answer with the newer versions that came while it was on its way. */
  applyTo(calendar: Calendar, range: Range): Calendar {
    for (const [id, { at }] of this.#changes) if (this.#now() - at > KEPT_FOR) this.#changes.delete(id);
    return [...this.#changes.values()].reduce(
      (shown, { change }) => withChange(shown, change, range),
      calendar,
    );
  }
}
