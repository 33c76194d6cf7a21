import { Temporal } from "temporal-polyfill";
import { type KeyboardEvent, useMemo } from "react";
import { useTranslations } from "use-intl";

import { useCalendar } from "../data/hooks";
import type { ShownItem } from "../data/cache";
import { formatLocale } from "../i18n";
import { useFormats, useMe, usePlace } from "../provider";
import { firstDayOf, rangeOf, shownDays, todayIn, turned, type View } from "../time/days";
import { Problem } from "../ui/Problem";
import { Agenda } from "./Agenda";
import { CalendarSkeleton } from "./CalendarSkeleton";
import { ConflictPanel } from "./ConflictPanel";
import { Month } from "./Month";
import { TimeGrid } from "./TimeGrid";
import { Toolbar } from "./Toolbar";
import { useKeyboardMoves } from "./useKeyboardMoves";
import { useMoving } from "./useMoving";

export interface AppointmentsCalendarProps {
  view: View;
  date: Temporal.PlainDate;
  /** Asks the host to show another view or date; the host keeps both. */
  onShow: (view: View, date: Temporal.PlainDate) => void;
  onOpen: (id: string) => void;
  /** A free time was chosen. Without it the calendar makes no appointments. */
  onPick?: (start: Temporal.Instant) => void;
  /** Other people, whose calendars stand in for the viewer's own. */
  people?: readonly string[];
}

const NOBODY: readonly string[] = [];
const CLOSED = new Set(["cancelled", "completed", "no_show"]);

/** A calendar as days, week, month or list, with the changes of others as they happen. */
export function AppointmentsCalendar(props: AppointmentsCalendarProps) {
  const { view, date, onShow, onOpen, onPick, people = NOBODY } = props;
  const t = useTranslations();
  const formats = useFormats();
  const { locale, zone } = usePlace();
  const { data: me } = useMe();
  const today = todayIn(zone);
  const key = date.toString();
  const days = useMemo(
    () => shownDays(view, Temporal.PlainDate.from(key), firstDayOf(formatLocale(locale))),
    [view, key, locale],
  );
  const range = useMemo(() => rangeOf(days, zone), [days, zone]);
  const query = useCalendar(range, people);
  const moving = useMoving();
  const keyboard = useKeyboardMoves(zone, moving.move);
  const title = view === "month" ? formats.month(date) : formats.days(days[0] ?? date, days.at(-1) ?? date);
  const label = t("calendar.region", { range: title });
  const calendar = query.data;

  const movable = (item: ShownItem) => item.organizer_id === me?.id && !CLOSED.has(item.status);
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const shown = shortcut(event, view, date, today);
    if (!shown) return;
    event.preventDefault();
    onShow(...shown);
  };

  return (
    // Keys bubble to here from the buttons inside; the element itself takes none.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className="apt-calendar" data-view={view} onKeyDown={onKey} aria-busy={query.isFetching}>
      <Toolbar
        view={view}
        date={date}
        today={today}
        title={title}
        zone={zone}
        at={range.from}
        onShow={onShow}
      />
      {query.error && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {moving.conflict && <ConflictPanel {...moving.conflict} calendar={calendar} />}
      <div className="apt-calendar__view" data-stale={query.isPlaceholderData || undefined}>
        {!calendar && !query.error ? (
          <CalendarSkeleton />
        ) : view === "month" ? (
          <Month
            days={days}
            month={date.month}
            today={today}
            calendar={calendar}
            label={label}
            onOpen={onOpen}
            onDay={(day) => onShow("day", day)}
          />
        ) : view === "agenda" ? (
          <Agenda days={days} today={today} calendar={calendar} onOpen={onOpen} />
        ) : (
          <TimeGrid
            key={`${view}-${days.length}`}
            days={days}
            today={today}
            calendar={calendar}
            label={label}
            movable={movable}
            onOpen={onOpen}
            onMove={moving.move}
            onPick={onPick}
            onEventKey={(event, item) => {
              if (movable(item)) keyboard.onKey(event, item);
            }}
            ghost={keyboard.wanted}
          />
        )}
        {calendar && !query.isPlaceholderData && isEmpty(calendar.items, view) && (
          <p className="apt-empty">
            <strong>{t("calendar.empty")}</strong>
            <span>{t("calendar.empty_hint")}</span>
          </p>
        )}
      </div>
    </div>
  );
}

function isEmpty(items: readonly object[], view: View): boolean {
  return view === "agenda" && items.length === 0;
}

const VIEW_KEYS: Record<string, View> = { w: "week", d: "day", m: "month", a: "agenda" };

/** Return the view and date that a key asks for. Letters are text in a field, and commands elsewhere. */
function shortcut(
  event: KeyboardEvent<HTMLElement>,
  view: View,
  date: Temporal.PlainDate,
  today: Temporal.PlainDate,
): [View, Temporal.PlainDate] | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return undefined;
  if (event.target instanceof HTMLElement && event.target.closest("input, textarea, select, dialog"))
    return undefined;
  const asked = VIEW_KEYS[event.key];
  if (asked) return [asked, date];
  if (event.key === "t") return [view, today];
  if (["j", "n", "PageDown"].includes(event.key)) return [view, turned(view, date, 1)];
  if (["k", "p", "PageUp"].includes(event.key)) return [view, turned(view, date, -1)];
  return undefined;
}
