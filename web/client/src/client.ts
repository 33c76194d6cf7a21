import createFetch from "openapi-fetch";

import type { paths } from "./api";
import { type Code, ApiError, fromAnswer } from "./errors";
import { type Access, authorized } from "./http";
import type {
  Appointment,
  Calendar,
  CreateAppointment,
  Delivery,
  Me,
  People,
  Scope,
  UpdateAppointment,
} from "./model";

/** A command that was decided, or one that was accepted and is not decided yet. */
export type Decided<T> = { pending: false; value: T } | { pending: true; commandId: string };

export interface Write {
  /** The same key for each try of one intent, so that it happens once. */
  key: string;
  /** The version that the person saw; another one is refused with `version_mismatch`. */
  version?: number;
  scope?: Scope;
}

export interface ClientOptions extends Access {
  baseUrl: string;
}

export type Client = ReturnType<typeof createClient>;

const APPOINTMENT = "/api/appointments/{appointment_id}";

/** Return the calls of the API. Each resolves to the body of a success, or rejects with `ApiError`. */
export function createClient(options: ClientOptions) {
  const api = createFetch<paths>({ baseUrl: options.baseUrl.replace(/\/$/, ""), fetch: authorized(options) });

  return {
    me: (signal?: AbortSignal): Promise<Me> => body(api.GET("/api/appointments/me", with_(signal))),

    people: (query: { q?: string; id?: string[]; limit?: number; cursor?: string }, signal?: AbortSignal) =>
      body<People>(api.GET("/api/appointments/people", { params: { query }, ...with_(signal) })),

    calendar: (from: string, to: string, users: readonly string[] = [], signal?: AbortSignal) =>
      body<Calendar>(
        api.GET("/api/appointments/calendar", {
          params: {
            query: { from, to, include: "people", ...(users.length ? { user_id: [...users] } : {}) },
          },
          ...with_(signal),
        }),
      ),

    appointment: (id: string, signal?: AbortSignal): Promise<Appointment> =>
      body(
        api.GET(APPOINTMENT, {
          params: { path: { appointment_id: id }, query: { include: "history" } },
          ...with_(signal),
        }),
      ),

    deliveries: async (id: string, signal?: AbortSignal): Promise<Delivery[]> => {
      const path = { appointment_id: id };
      const call = api.GET("/api/appointments/{appointment_id}/notifications", {
        params: { path },
        ...with_(signal),
      });
      return (await body(call)).items;
    },

    create: (appointment: CreateAppointment, write: Write): Promise<Decided<Appointment>> =>
      decided(api.POST("/api/appointments", { params: { header: headers(write) }, body: appointment })),

    update: (id: string, changes: UpdateAppointment, write: Write): Promise<Decided<Appointment>> =>
      decided(api.PATCH(APPOINTMENT, { params: target(id, write), body: changes })),

    cancel: (id: string, reason: string, write: Write): Promise<Decided<Appointment>> =>
      decided(api.DELETE(APPOINTMENT, { params: target(id, write), body: reason ? { reason } : {} })),

    confirm: (id: string, write: Write): Promise<Decided<Appointment>> =>
      decided(api.POST(`${APPOINTMENT}/confirm`, { params: target(id, write), body: {} })),

    decline: (id: string, reason: string, write: Write): Promise<Decided<Appointment>> =>
      decided(
        api.POST(`${APPOINTMENT}/decline`, { params: target(id, write), body: reason ? { reason } : {} }),
      ),

    /** Return the outcome of a command: null while it is not decided. A refusal rejects. */
    outcome: async (commandId: string): Promise<{ appointmentId: string | undefined } | null> => {
      const path = { command_id: commandId };
      const outcome: unknown = await body(
        api.GET("/api/appointments/commands/{command_id}", { params: { path } }),
      );
      return readOutcome(outcome);
    },
  };
}

function with_(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}

function headers(write: Write): { "Idempotency-Key": string; "If-Match"?: string } {
  const key = { "Idempotency-Key": write.key };
  return write.version === undefined ? key : { ...key, "If-Match": `"${write.version}"` };
}

function target(id: string, write: Write) {
  return {
    path: { appointment_id: id },
    header: headers(write),
    ...(write.scope ? { query: { scope: write.scope } } : {}),
  };
}

type Answered<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

async function body<T>(call: Answered<T>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw fromAnswer(response, error);
  return data as T;
}

async function decided<T>(call: Answered<T>): Promise<Decided<Appointment>> {
  const { data, error, response } = await call;
  if (!response.ok) throw fromAnswer(response, error);
  if (response.status === 202)
    return { pending: true, commandId: (data as { command_id: string }).command_id };
  return { pending: false, value: data as Appointment };
}

interface OutcomeBody {
  status: string;
  code?: Code;
  detail?: string;
  appointment_id?: string;
  appointment?: { id: string };
}

function readOutcome(read: unknown): { appointmentId: string | undefined } | null {
  const outcome = read as OutcomeBody;
  if (outcome.status === "pending") return null;
  if (outcome.status === "refused" && outcome.code) throw new ApiError(outcome.code, 409);
  return { appointmentId: outcome.appointment_id ?? outcome.appointment?.id };
}
