import { LiveStatus, type Theme, useAppointments, useMe } from "@appointments/react";
import type { ReactNode } from "react";
import { Link, useRoute } from "wouter";

import type { Session } from "./auth/session";
import type { Texts } from "./texts";

interface ShellProps {
  session: Session;
  theme: Theme;
  onTheme: (theme: Theme) => void;
  texts: Texts;
  children: ReactNode;
}

/** The frame around each page. */
export function Shell({ session, theme, onTheme, texts, children }: ShellProps) {
  const { live } = useAppointments();
  const { data: me } = useMe();
  return (
    <div className="app-shell">
      <a className="app-skip" href="#content">
        {texts.skip}
      </a>
      <header className="app-bar">
        <Link to="/calendar" className="app-brand">
          {texts.name}
        </Link>
        <nav aria-label={texts.navigation}>
          <PageLink to="/calendar">{texts.calendar}</PageLink>
        </nav>
        <div className="app-bar__end">
          <LiveStatus />
          <details className="app-menu">
            <summary>
              <span aria-hidden="true">{initials(me?.name)}</span>
              <span className="apt-hidden">{texts.account}</span>
            </summary>
            <div className="app-menu__sheet">
              <p>
                <strong>{me?.name}</strong>
                <span className="apt-muted">{me?.email}</span>
              </p>
              <fieldset className="apt-field">
                <legend>{texts.theme}</legend>
                {(["system", "light", "dark"] as const).map((one) => (
                  <label key={one} className="apt-choice">
                    <input type="radio" name="theme" checked={theme === one} onChange={() => onTheme(one)} />
                    {texts.themes[one]}
                  </label>
                ))}
              </fieldset>
              <button type="button" className="apt-button" onClick={() => session.end()}>
                {texts.sign_out}
              </button>
            </div>
          </details>
        </div>
      </header>
      {live === "offline" && (
        <p className="app-offline" role="status">
          {texts.offline}
        </p>
      )}
      <main id="content" className="app-content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function PageLink({ to, children }: { to: string; children: ReactNode }) {
  const [here] = useRoute(`${to}/*?`);
  return (
    <Link to={to} aria-current={here ? "page" : undefined}>
      {children}
    </Link>
  );
}

function initials(name = ""): string {
  const words = name.split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => word?.[0] ?? "").join("") || "·";
}
