const en = {
  name: "Appointments",
  skip: "Skip to the content",
  navigation: "Pages",
  calendar: "Calendar",
  sign_in: "Sign in",
  sign_in_title: "Your time, kept well",
  sign_in_text: "Calendars, bookings and answers in one place, and always as they are now.",
  sign_in_sandbox: "This is a sandbox: choose one of its people, no password is needed.",
  sign_in_again: "You were signed out",
  sign_in_again_text: "Sign in again to go on where you were.",
  sign_in_failed: "The sign-in did not succeed. Please try again.",
  signing_in: "Signing you in…",
  sign_out: "Sign out",
  account: "Account",
  theme: "Appearance",
  themes: { system: "As the device", light: "Light", dark: "Dark" },
  not_found: "This page does not exist",
  not_found_text: "The address may be mistyped, or the page has moved.",
  to_calendar: "To the calendar",
  no_config: "The application cannot start: its settings could not be read.",
  failed: "Something went wrong on this page",
  reload: "Load the page again",
  offline: "You are offline. You see what was known last.",
};

export type Texts = typeof en;

const de: Texts = {
  name: "Termine",
  skip: "Zum Inhalt springen",
  navigation: "Seiten",
  calendar: "Kalender",
  sign_in: "Anmelden",
  sign_in_title: "Ihre Zeit in guten Händen",
  sign_in_text: "Kalender, Buchungen und Antworten an einem Ort, immer auf dem neuesten Stand.",
  sign_in_sandbox: "Das ist eine Sandbox: Wählen Sie eine ihrer Personen, ein Passwort ist nicht nötig.",
  sign_in_again: "Sie wurden abgemeldet",
  sign_in_again_text: "Melden Sie sich wieder an, um fortzufahren.",
  sign_in_failed: "Die Anmeldung ist nicht gelungen. Bitte versuchen Sie es noch einmal.",
  signing_in: "Sie werden angemeldet…",
  sign_out: "Abmelden",
  account: "Konto",
  theme: "Darstellung",
  themes: { system: "Wie das Gerät", light: "Hell", dark: "Dunkel" },
  not_found: "Diese Seite gibt es nicht",
  not_found_text: "Vielleicht ist die Adresse vertippt, oder die Seite ist umgezogen.",
  to_calendar: "Zum Kalender",
  no_config: "Die Anwendung kann nicht starten: Ihre Einstellungen konnten nicht gelesen werden.",
  failed: "Auf dieser Seite ist etwas schiefgegangen",
  reload: "Seite neu laden",
  offline: "Sie sind offline. Sie sehen, was zuletzt bekannt war.",
};

const LANGUAGES: Record<string, Texts> = { en, de };

/** Return the application's own texts. */
export function textsFor(locale: string): Texts {
  return LANGUAGES[locale.split("-")[0] ?? "en"] ?? en;
}
