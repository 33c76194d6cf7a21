import type { Theme } from "@appointments/react";
import { useEffect, useRef, useState } from "react";

import type { Session } from "../auth/session";
import { BASE } from "../config";
import { textsFor } from "../texts";

interface CallbackProps {
  session: Session;
  theme: Theme;
  onDone: () => void;
}

/** The way back from the sign-in page. */
export function Callback({ session, theme, onDone }: CallbackProps) {
  const texts = textsFor(navigator.language);
  const [failed, setFailed] = useState(false);
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    session.complete().then(
      (path) => {
        history.replaceState(null, "", BASE + path);
        onDone();
      },
      () => setFailed(true),
    );
  }, [session, onDone]);
  return (
    <main className="apt-root app-message" data-theme={theme}>
      <h1>{texts.name}</h1>
      {failed ? (
        <>
          <p role="alert">{texts.sign_in_failed}</p>
          <button
            type="button"
            className="apt-button apt-button--accent"
            onClick={() => void session.begin("/calendar")}
          >
            {texts.sign_in}
          </button>
        </>
      ) : (
        <p role="status">{texts.signing_in}</p>
      )}
    </main>
  );
}
