import type { components } from "./api";

type Schemas = components["schemas"];

export type Appointment = Schemas["AppointmentRead"];
export type Written = Schemas["AppointmentWritten"];
export type Alternative = Schemas["Alternative"];
export type Conflict = Schemas["Conflict"];
export type Delivery = Schemas["Delivery"];
export type DeliveryState = Schemas["DeliveryState"];
export type Status = Schemas["Status"];
export type ResponseStatus = Schemas["Confirmation"];
export type Scope = Schemas["Scope"];
export type UpdateAppointment = Schemas["UpdateAppointment"];
export type CreateAppointment = Schemas["CreateAppointment"];

export interface Me {
  id: string;
  organization_id: string;
  name: string;
  email: string;
  roles: string[];
  timezone: string;
  locale: string;
  token_expires_at: string;
  now: string;
  tzdata: string;
  version: string;
  limits: Record<string, number>;
  can: { organization_preferences: boolean; book_for_others: boolean; announce: boolean };
}

export interface Person {
  id: string;
  name: string;
  email: string;
  timezone: string;
  active: boolean;
}

export interface People {
  items: Person[];
  next_cursor: string | null;
}

export type Role = "organizer" | "participant" | "waiting" | "viewer";

export interface CalendarItem {
  id: string;
  title: string;
  start_time: string;
  end_time: string;
  timezone: string;
  status: Status;
  organizer_id: string;
  participant_ids: string[];
  location?: string | null;
  version: number;
  series_id: string | null;
  original_start_time: string | null;
  role: Role;
  my_status: ResponseStatus | null;
  counts: { participants: number; confirmed: number; declined: number };
  seats: number | null;
  free_seats: number | null;
  has_meeting_url: boolean;
}

export interface BusyRange {
  start_time: string;
  end_time: string;
  busy: true;
  user_id?: string;
}

export interface Calendar {
  items: (CalendarItem | BusyRange)[];
  people?: Record<string, { name: string }>;
}

/** An event of the live stream about an appointment; `item` null: it is not in the calendar any more. */
export interface CalendarChanged {
  appointment_id: string;
  version: number;
  change: string;
  item?: CalendarItem | null;
  actor?: string | null;
  command_id?: string | null;
  was?: { start_time: string; end_time: string } | null;
}

export interface NotificationChanged {
  appointment_id: string;
  notifications: Delivery[];
}

export function isBusy(item: CalendarItem | BusyRange): item is BusyRange {
  return "busy" in item;
}

export function isItem(item: CalendarItem | BusyRange): item is CalendarItem {
  return !("busy" in item);
}
