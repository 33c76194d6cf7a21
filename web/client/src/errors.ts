import type { components } from "./api";

export type Problem = components["schemas"]["Problem"];
export type Code = Problem["code"] | "unreachable" | "unexpected";

/** A call that was refused, or that found nobody. Texts are made from `code`; `problem` has the details. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: Code;
  readonly status: number;
  readonly problem: Problem | undefined;
  /** Seconds to wait before another try; undefined: the server named none. */
  readonly retryAfter: number | undefined;

  constructor(code: Code, status: number, problem?: Problem, retryAfter?: number) {
    super(problem?.detail ?? code);
    this.code = code;
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed a little later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Return the error of an answer that is no success. */
export function fromAnswer(response: Response, body: unknown): ApiError {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds : undefined;
  if (isProblem(body)) return new ApiError(body.code, response.status, body, retryAfter);
  return new ApiError("unexpected", response.status, undefined, retryAfter);
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "status" in body;
}
