import {
  type Calendar,
  type CalendarChanged,
  type NotificationChanged,
  SharedLive,
  type LiveState,
} from "@appointments/client";
import type { QueryClient } from "@tanstack/react-query";

import { type Range, withChange } from "./cache";
import type { RecentChanges } from "./changes";
import { keys } from "./keys";

export interface LiveOptions {
  baseUrl: string;
  subject: string;
  queries: QueryClient;
  recent: RecentChanges;
  getToken: (renew?: boolean) => Promise<string>;
  fetch?: typeof fetch;
  onState: (state: LiveState) => void;
  /** Called with each change that is shown. */
  onChange: (change: CalendarChanged) => void;
}

const GATHER = 50;

/** Keep the caches of a person in step with the live stream. Return the function that ends it. */
export function followLive(options: LiveOptions): () => void {
  const { queries, recent } = options;
  let refetch: ReturnType<typeof setTimeout> | undefined;

  const readAgain = () => {
    clearTimeout(refetch);
    refetch = setTimeout(() => void queries.invalidateQueries({ queryKey: keys.calendars }), GATHER);
  };
  const changed = (change: CalendarChanged) => {
    recent.note(change);
    if (change.item === undefined) readAgain();
    const shown = queries.getQueriesData<Calendar>({ queryKey: keys.calendars });
    for (const [key, calendar] of shown) {
      if (calendar) queries.setQueryData(key, withChange(calendar, change, key[1] as Range));
    }
    void queries.invalidateQueries({ queryKey: keys.appointment(change.appointment_id) });
    options.onChange(change);
  };

  const live = new SharedLive({
    url: `${options.baseUrl.replace(/\/$/, "")}/api/appointments/stream`,
    subject: options.subject,
    getToken: options.getToken,
    ...(options.fetch ? { fetch: options.fetch } : {}),
    onState: options.onState,
    onEvent: (event) => {
      if (event.type === "reset") {
        recent.clear();
        void queries.invalidateQueries();
      } else if (event.type === "calendar.changed") changed(JSON.parse(event.data) as CalendarChanged);
      else if (event.type === "notification.changed") {
        const { appointment_id: id } = JSON.parse(event.data) as NotificationChanged;
        void queries.invalidateQueries({ queryKey: keys.deliveries(id) });
      }
    },
  });
  const end = live.start();
  return () => {
    clearTimeout(refetch);
    end();
  };
}
