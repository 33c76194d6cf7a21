import type { Theme } from "@appointments/react";
import { useState } from "react";

import type { Session } from "../auth/session";
import { BASE, type Config } from "../config";
import { textsFor } from "../texts";
import { useTitle } from "../useTitle";

interface SignInProps {
  config: Config;
  session: Session;
  theme: Theme;
}

/** The page of somebody who is not signed in. A link from a message is kept: it opens after the sign-in. */
export function SignIn({ config, session, theme }: SignInProps) {
  const texts = textsFor(navigator.language);
  const [failed, setFailed] = useState(false);
  useTitle(texts.sign_in, texts.name);
  const begin = () => {
    setFailed(false);
    session.begin(wanted()).catch(() => setFailed(true));
  };
  return (
    <main className="apt-root app-sign-in" data-theme={theme} lang={navigator.language}>
      <div className="app-sign-in__text">
        <p className="app-brand">{config.name || texts.name}</p>
        <h1>{texts.sign_in_title}</h1>
        <p>{texts.sign_in_text}</p>
        <button type="button" className="apt-button apt-button--accent app-sign-in__button" onClick={begin}>
          {texts.sign_in}
        </button>
        {failed && <p role="alert">{texts.sign_in_failed}</p>}
        {config.login.kind === "sandbox" && (
          <p className="apt-muted app-sign-in__hint">{texts.sign_in_sandbox}</p>
        )}
      </div>
      <Week />
    </main>
  );
}

/** Return the path to open after the sign-in: the present one, if it is a page. */
function wanted(): string {
  const path = location.pathname.slice(BASE.length) + location.search;
  return path.startsWith("/") && path.length > 1 && !path.startsWith("/login") ? path : "/calendar";
}

const BLOCKS = [
  [0, 2, 3],
  [0, 7, 2],
  [1, 1, 2],
  [1, 5, 4],
  [2, 3, 2],
  [3, 2, 2],
  [3, 6, 3],
  [4, 1, 3],
  [4, 6, 1],
] as const;

/** A quiet picture of a week. */
function Week() {
  return (
    <div className="app-week" aria-hidden="true">
      {BLOCKS.map(([day, row, length], index) => (
        <span
          key={`${day}-${row}`}
          data-mine={index % 3 !== 1 || undefined}
          style={{ gridColumn: day + 1, gridRow: `${row} / span ${length}` }}
        />
      ))}
    </div>
  );
}
