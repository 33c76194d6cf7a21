import { AppointmentsProvider } from "@appointments/react";
import { useCallback, useMemo, useState } from "react";
import { Router } from "wouter";

import { Session } from "./auth/session";
import { BASE, type Config } from "./config";
import { Callback } from "./pages/Callback";
import { SignIn } from "./pages/SignIn";
import { Pages } from "./Pages";
import { useTheme } from "./settings";

const HERE = location.origin;

/** Signed out: the sign-in page. Signed in: the pages. A callback turns the one into the other. */
export function App({ config }: { config: Config }) {
  const [theme, setTheme] = useTheme();
  const [, setRound] = useState(0);
  const again = useCallback(() => setRound((round) => round + 1), []);
  const session = useMemo(() => new Session(config.login, again), [config.login, again]);
  const page = () => {
    if (location.pathname === `${BASE}/callback`)
      return <Callback session={session} theme={theme} onDone={again} />;
    if (!session.signedIn) return <SignIn config={config} session={session} theme={theme} />;
    return (
      <AppointmentsProvider baseUrl={HERE} getToken={session.getToken} theme={theme}>
        <Pages session={session} theme={theme} onTheme={setTheme} />
      </AppointmentsProvider>
    );
  };
  return <Router base={BASE}>{page()}</Router>;
}
