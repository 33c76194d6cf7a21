export { AppointmentDetail, type AppointmentDetailProps } from "./appointment/AppointmentDetail";
export { AppointmentsCalendar, type AppointmentsCalendarProps } from "./calendar/AppointmentsCalendar";
export { useAppointment, useCalendar, useDeliveries, useMove, useNames, useRespond } from "./data/hooks";
export { messagesFor } from "./i18n";
export {
  AppointmentsProvider,
  type AppointmentsProviderProps,
  type Theme,
  useAppointments,
  useFormats,
  useMe,
  usePlace,
} from "./provider";
export { readDate, todayIn, type View } from "./time/days";
export { Dialog } from "./ui/Dialog";
export { LiveStatus } from "./ui/LiveStatus";
export { Problem } from "./ui/Problem";
export { useToasts } from "./ui/Toasts";
