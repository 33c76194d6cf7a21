import { ApiError } from "./errors";

export interface Access {
  /** Return a token. `renew`: the last one was refused. */
  getToken: (renew?: boolean) => Promise<string>;
  fetch?: typeof fetch;
}

/** Return a fetch that sends the token, and asks once for a new one when it is refused. */
export function authorized({ getToken, fetch: given }: Access): (request: Request) => Promise<Response> {
  const call: typeof fetch = given ?? ((input, init) => globalThis.fetch(input, init));
  return async (request) => {
    const again = request.clone();
    const first = await send(call, request, await getToken());
    return first.status === 401 ? send(call, again, await getToken(true)) : first;
  };
}

async function send(call: typeof fetch, request: Request, token: string): Promise<Response> {
  request.headers.set("Authorization", `Bearer ${token}`);
  try {
    return await call(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new ApiError("unreachable", 0);
  }
}
