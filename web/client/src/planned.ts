/** Calls that the API's description does not have yet, in their agreed shape. A call that it has is deleted here. */
import type { Calendar, Me, People } from "./model";

interface Read<Query, Body> {
  parameters: { query?: Query; header?: never; path?: never; cookie?: never };
  get: {
    parameters: { query?: Query; header?: never; path?: never; cookie?: never };
    requestBody?: never;
    responses: { 200: { headers: Record<string, unknown>; content: { "application/json": Body } } };
  };
  put?: never;
  post?: never;
  delete?: never;
  options?: never;
  head?: never;
  patch?: never;
  trace?: never;
}

export interface Planned {
  "/api/appointments/me": Read<never, Me>;
  "/api/appointments/people": Read<{ q?: string; id?: string[]; limit?: number; cursor?: string }, People>;
  "/api/appointments/calendar": Read<
    { from: string; to: string; user_id?: string[]; include?: "people" },
    Calendar
  >;
}
