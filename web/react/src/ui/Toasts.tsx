import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useTranslations } from "use-intl";

export interface Toast {
  text: string;
  kind?: "plain" | "bad";
  action?: { label: string; run: () => void };
  /** Milliseconds; a toast with an action stays long enough for a slow reader. */
  stays?: number;
}

interface Toasts {
  show: (toast: Toast) => void;
  /** Say politely to a screen reader. */
  announce: (text: string) => void;
  /** Somebody else changed an appointment: changes that come together are announced as one. */
  changed: () => void;
  /** Run the action of the toast that is shown. Return whether there was one. */
  act: () => boolean;
}

const Context = createContext<Toasts | null>(null);
const STAYS = 10_000;
const TOGETHER = 1_500;

export function ToastProvider({ children }: { children: ReactNode }) {
  const t = useTranslations();
  const [toast, setToast] = useState<Toast | null>(null);
  const [polite, setPolite] = useState("");
  const [changes, setChanges] = useState(0);
  const shown = useRef<Toast | null>(null);

  const show = useCallback((next: Toast | null) => {
    shown.current = next;
    setToast(next);
  }, []);

  useEffect(() => {
    if (!toast) return undefined;
    const timer = setTimeout(() => show(null), toast.stays ?? STAYS);
    return () => clearTimeout(timer);
  }, [toast, show]);

  useEffect(() => {
    if (!changes) return undefined;
    const timer = setTimeout(() => {
      setPolite(t("calendar.changed", { count: changes }));
      setChanges(0);
    }, TOGETHER);
    return () => clearTimeout(timer);
  }, [changes, t]);

  const act = useCallback(() => {
    const action = shown.current?.action;
    show(null);
    action?.run();
    return action !== undefined;
  }, [show]);

  const value = useMemo<Toasts>(
    () => ({ show, announce: setPolite, changed: () => setChanges((count) => count + 1), act }),
    [show, act],
  );
  return (
    <Context.Provider value={value}>
      {children}
      <div className="apt-toasts" role={toast?.kind === "bad" ? "alert" : "status"}>
        {toast && (
          <div className="apt-toast" data-kind={toast.kind ?? "plain"}>
            <span>{toast.text}</span>
            {toast.action && (
              <button type="button" className="apt-button apt-button--quiet" onClick={act}>
                {toast.action.label}
              </button>
            )}
          </div>
        )}
      </div>
      <div className="apt-hidden" aria-live="polite">
        {polite}
      </div>
    </Context.Provider>
  );
}

export function useToasts(): Toasts {
  const toasts = useContext(Context);
  if (!toasts) throw new Error("Toasts stand inside AppointmentsProvider.");
  return toasts;
}
