import type { ApiError } from "@appointments/client";

import { de } from "./de";
import { en, type Messages } from "./en";

export type { Messages };

const LANGUAGES: Record<string, Messages> = { en, de };

/** Return the texts of a locale; English where there are none. */
export function messagesFor(locale: string): Messages {
  return LANGUAGES[locale.split("-")[0] ?? "en"] ?? en;
}

/** Return the locale for dates and numbers: English without a country is British, as the server's messages are. */
export function formatLocale(locale: string): string {
  return locale === "en" ? "en-GB" : locale;
}

/** Return the key of an error's text. */
export function errorKey(error: ApiError): keyof Messages["error"] {
  return error.code in en.error ? (error.code as keyof Messages["error"]) : "unexpected";
}
