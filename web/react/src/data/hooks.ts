import type { ApiError, Appointment, Calendar, Decided, Delivery, Scope } from "@appointments/client";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { useAppointments } from "../provider";
import { type Range, withMove } from "./cache";
import { settled } from "./decide";
import { keys } from "./keys";

/** Return the calendar of a range: of the person, or of these people side by side. */
export function useCalendar(range: Range, people: readonly string[] = []) {
  const { client, recent } = useAppointments();
  return useQuery<Calendar, ApiError>({
    queryKey: keys.calendar(range, people),
    queryFn: async ({ signal }) =>
      recent.applyTo(await client.calendar(range.from, range.to, people, signal), range),
    placeholderData: keepPreviousData,
  });
}

export function useAppointment(id: string) {
  const { client } = useAppointments();
  return useQuery<Appointment, ApiError>({
    queryKey: keys.appointment(id),
    queryFn: ({ signal }) => client.appointment(id, signal),
  });
}

export function useDeliveries(id: string) {
  const { client } = useAppointments();
  return useQuery<Delivery[], ApiError>({
    queryKey: keys.deliveries(id),
    queryFn: ({ signal }) => client.deliveries(id, signal),
  });
}

/** Return the names of people by id, as far as they are known. */
export function useNames(ids: readonly string[]) {
  const { client } = useAppointments();
  const wanted = [...new Set(ids)].sort();
  const { data } = useQuery({
    queryKey: ["names", wanted],
    queryFn: ({ signal }) => client.people({ id: wanted.slice(0, 100), limit: 100 }, signal),
    enabled: wanted.length > 0,
    staleTime: 300_000,
  });
  return new Map(data?.items.map((person) => [person.id, person.name]));
}

export interface Move {
  id: string;
  start: string;
  end: string;
  version: number;
  scope?: Scope;
}

/** Move an appointment: it is shown at its new time at once, and goes back when it is refused. */
export function useMove() {
  const { client } = useAppointments();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, start, end, version, scope }: Move) => {
      const write = { key: crypto.randomUUID(), version, ...(scope ? { scope } : {}) };
      return settled(client, await client.update(id, { start_time: start, end_time: end }, write));
    },
    onMutate: async ({ id, start, end }: Move) => {
      await queries.cancelQueries({ queryKey: keys.calendars });
      const before = queries.getQueriesData<Calendar>({ queryKey: keys.calendars });
      for (const [key, calendar] of before) {
        if (calendar) queries.setQueryData(key, withMove(calendar, id, start, end));
      }
      return before;
    },
    onError: (_error, _move, before) => {
      for (const [key, calendar] of before ?? []) queries.setQueryData(key, calendar);
    },
    onSettled: (_written, _error, { id }) => readAgain(queries, id),
  });
}

export interface Respond {
  id: string;
  version: number;
  response: "confirm" | "decline" | "cancel";
  reason?: string;
  scope?: Scope;
}

/** Confirm, decline or cancel an appointment. */
export function useRespond() {
  const { client } = useAppointments();
  const queries = useQueryClient();
  return useMutation<Appointment | undefined, ApiError, Respond>({
    mutationFn: async ({ id, version, response, reason = "", scope }: Respond) => {
      const write = { key: crypto.randomUUID(), version, ...(scope ? { scope } : {}) };
      const calls: Record<Respond["response"], () => Promise<Decided<Appointment>>> = {
        confirm: () => client.confirm(id, write),
        decline: () => client.decline(id, reason, write),
        cancel: () => client.cancel(id, reason, write),
      };
      return settled(client, await calls[response]());
    },
    onSettled: (_written, _error, { id }) => readAgain(queries, id),
  });
}

function readAgain(queries: ReturnType<typeof useQueryClient>, id: string): Promise<unknown> {
  return Promise.all([
    queries.invalidateQueries({ queryKey: keys.calendars }),
    queries.invalidateQueries({ queryKey: keys.appointment(id) }),
    queries.invalidateQueries({ queryKey: keys.deliveries(id) }),
  ]);
}
