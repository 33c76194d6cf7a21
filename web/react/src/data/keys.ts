import type { Range } from "./cache";

export const keys = {
  me: ["me"] as const,
  calendars: ["calendar"] as const,
  calendar: (range: Range, people: readonly string[]) => ["calendar", range, people] as const,
  appointment: (id: string) => ["appointment", id] as const,
  deliveries: (id: string) => ["deliveries", id] as const,
  people: (query: string) => ["people", query] as const,
};
