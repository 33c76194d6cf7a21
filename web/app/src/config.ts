export type Login =
  | { kind: "sandbox" | "external"; url: string; client_id?: string | null }
  | { kind: "oidc"; url: string; client_id: string };

export interface Config {
  login: Login;
  locales: string[];
  name: string;
  theme: Record<string, string>;
}

export const BASE = import.meta.env.BASE_URL.replace(/\/$/, "");

/** Read the settings of this deployment; they need no token. */
export async function readConfig(): Promise<Config> {
  const response = await fetch(`${BASE}/config.json`, { cache: "no-store" });
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return (await response.json()) as Config;
}
