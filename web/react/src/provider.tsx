import { ApiError, type Client, createClient, type LiveState, type Me } from "@appointments/client";
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { IntlProvider } from "use-intl";

import { RecentChanges } from "./data/changes";
import { keys } from "./data/keys";
import { followLive } from "./data/live";
import { formatLocale, messagesFor } from "./i18n";
import { type Formats, formatsFor } from "./time/format";
import { ToastProvider, useToasts } from "./ui/Toasts";

export type Theme = "system" | "light" | "dark";

export interface AppointmentsProviderProps {
  /** The address of the API, without its path. */
  baseUrl: string;
  /** Return a token. `renew`: the last one was refused. */
  getToken: (renew?: boolean) => Promise<string>;
  /** The language; without one it is the person's own. */
  locale?: string;
  /** The zone in which times are shown; without one it is the person's own. */
  timeZone?: string;
  theme?: Theme;
  fetch?: typeof fetch;
  children: ReactNode;
}

interface Settings {
  client: Client;
  recent: RecentChanges;
  locale: string | undefined;
  timeZone: string | undefined;
  theme: Theme;
  live: LiveState;
}

const Context = createContext<Settings | null>(null);

/** The data of one person for all components below. Several may stand on one page, for different people. */
export function AppointmentsProvider(props: AppointmentsProviderProps) {
  const { baseUrl, getToken, fetch: call, locale, timeZone, theme = "system" } = props;
  const [queries] = useState(makeQueries);
  const [recent] = useState(() => new RecentChanges());
  const [live, setLive] = useState<LiveState>("connecting");
  const client = useMemo(
    () => createClient({ baseUrl, getToken, ...(call ? { fetch: call } : {}) }),
    [baseUrl, getToken, call],
  );
  const settings = useMemo(
    () => ({ client, recent, locale, timeZone, theme, live }),
    [client, recent, locale, timeZone, theme, live],
  );
  return (
    <QueryClientProvider client={queries}>
      <Context.Provider value={settings}>
        <Texts>
          <ToastProvider>
            <Follow {...props} queries={queries} onState={setLive} />
            {props.children}
          </ToastProvider>
        </Texts>
      </Context.Provider>
    </QueryClientProvider>
  );
}

function makeQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        networkMode: "always",
        retry: (count, error) => count < 2 && error instanceof ApiError && error.passing,
        retryDelay: (count, error) =>
          error instanceof ApiError && error.retryAfter ? error.retryAfter * 1_000 : 1_000 * 2 ** count,
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}

function Texts({ children }: { children: ReactNode }) {
  const { locale, zone } = usePlace();
  const { theme } = useAppointments();
  return (
    <IntlProvider locale={formatLocale(locale)} messages={messagesFor(locale)} timeZone={zone}>
      <div className="apt-root" data-theme={theme} lang={locale}>
        {children}
      </div>
    </IntlProvider>
  );
}

interface FollowProps extends AppointmentsProviderProps {
  queries: QueryClient;
  onState: (state: LiveState) => void;
}

/** The live stream stands outside of React's renders: it opens when the person is known, and once. */
function Follow({ baseUrl, getToken, fetch: call, queries, onState }: FollowProps) {
  const { recent } = useAppointments();
  const { changed } = useToasts();
  const { data: me } = useMe();
  const subject = me?.id;
  useEffect(() => {
    if (!subject) return undefined;
    return followLive({
      baseUrl,
      subject,
      queries,
      recent,
      getToken,
      ...(call ? { fetch: call } : {}),
      onState,
      onChange: (change) => {
        if (change.actor !== subject) changed();
      },
    });
  }, [baseUrl, subject, recent, queries, getToken, call, onState, changed]);
  return null;
}

export function useAppointments(): Settings {
  const settings = useContext(Context);
  if (!settings) throw new Error("Components of @appointments/react stand inside AppointmentsProvider.");
  return settings;
}

export function useMe() {
  const { client } = useAppointments();
  return useQuery<Me, ApiError>({
    queryKey: keys.me,
    queryFn: ({ signal }) => client.me(signal),
    staleTime: 300_000,
  });
}

/** Return the language and the zone of the viewer: the host's wish, else the person's, else the browser's. */
export function usePlace(): { locale: string; zone: string } {
  const { locale, timeZone } = useAppointments();
  const { data: me } = useMe();
  const browser = Intl.DateTimeFormat().resolvedOptions();
  return {
    locale: locale ?? me?.locale ?? browser.locale,
    zone: timeZone ?? me?.timezone ?? browser.timeZone,
  };
}

export function useFormats(): Formats {
  const { locale, zone } = usePlace();
  return useMemo(() => formatsFor(formatLocale(locale), zone), [locale, zone]);
}
