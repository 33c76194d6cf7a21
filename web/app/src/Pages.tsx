import { Problem, type Theme, useMe, usePlace } from "@appointments/react";
import { lazy, Suspense, useEffect } from "react";
import { Redirect, Route, Switch } from "wouter";

import type { Session } from "./auth/session";
import { NotFound } from "./pages/NotFound";
import { Shell } from "./Shell";
import { textsFor } from "./texts";

const CalendarPage = lazy(() => import("./pages/CalendarPage"));
const AppointmentPage = lazy(() => import("./pages/AppointmentPage"));

interface PagesProps {
  session: Session;
  theme: Theme;
  onTheme: (theme: Theme) => void;
}

export function Pages(props: PagesProps) {
  const { locale } = usePlace();
  const { error, data: me, refetch } = useMe();
  const texts = textsFor(locale);
  useEffect(() => {
    document.documentElement.lang = locale;
  }, [locale]);
  return (
    <Shell {...props} texts={texts}>
      {error && !me && <Problem error={error} onRetry={() => void refetch()} />}
      <Suspense fallback={<div className="app-pending" aria-busy="true" />}>
        <Switch>
          <Route path="/">
            <Redirect to="/calendar" replace />
          </Route>
          <Route path="/login">
            <Redirect to="/calendar" replace />
          </Route>
          <Route path="/calendar">
            <CalendarPage texts={texts} />
          </Route>
          <Route path="/appointments/:id">{({ id }) => <AppointmentPage id={id} texts={texts} />}</Route>
          <Route>
            <NotFound texts={texts} />
          </Route>
        </Switch>
      </Suspense>
    </Shell>
  );
}
