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

export type Me = Schemas["Me"];
export type Person = Schemas["Colleague"];
export type People = Schemas["Colleagues"];
export type CalendarItem = Schemas["CalendarItem"];
export type BusyRange = Schemas["BusyRange"];
export type Calendar = Schemas["Calendar"];

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
