import type { Client, Decided } from "@appointments/client";

const PAUSES = [1, 2, 4, 8, 15, 30];

/** Wait for the decision of a command that was accepted without one. Rejects when it is refused. */
export async function settled<T>(client: Client, result: Decided<T>, pause = sleep): Promise<T | undefined> {
  if (!result.pending) return result.value;
  for (let attempt = 0; ; attempt += 1) {
    await pause(PAUSES[Math.min(attempt, PAUSES.length - 1)] ?? 30);
    if (await client.outcome(result.commandId)) return undefined;
  }
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
