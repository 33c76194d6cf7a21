import type { Appointment, Me, Scope } from "@appointments/client";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { type Respond, useRespond } from "../data/hooks";
import { errorKey } from "../i18n";
import { useToasts } from "../ui/Toasts";

interface ActionsProps {
  appointment: Appointment;
  me: Me;
  response: string | undefined;
}

const SCOPES: readonly Scope[] = ["this", "following", "all"];

/** The viewer's own response, and what only the organizer may do. Declining and cancelling ask first. */
export function Actions({ appointment, me, response }: ActionsProps) {
  const t = useTranslations();
  const { show } = useToasts();
  const { mutate, isPending } = useRespond();
  const [asking, setAsking] = useState<"decline" | "cancel" | null>(null);
  const organizer = appointment.organizer_id === me.id;
  const open = appointment.status === "pending" || appointment.status === "confirmed";
  if (!open || (!organizer && response === undefined)) return null;

  const send = (kind: Respond["response"], more: Pick<Respond, "reason" | "scope"> = {}) =>
    mutate(
      { id: appointment.id, version: appointment.version, response: kind, ...more },
      { onError: (error) => show({ text: t(`error.${errorKey(error)}`), kind: "bad" }) },
    );
  if (asking) {
    return (
      <Ask
        kind={asking}
        series={appointment.series_id != null}
        busy={isPending}
        onSend={(reason, scope) => send(asking, { reason, ...(scope ? { scope } : {}) })}
        onBack={() => setAsking(null)}
      />
    );
  }
  return (
    <div className="apt-actions" aria-busy={isPending}>
      {response !== undefined && (
        <div className="apt-group" role="group" aria-label={t("detail.response")}>
          <button
            type="button"
            className="apt-button apt-button--accent"
            aria-pressed={response === "confirmed"}
            disabled={isPending}
            onClick={() => send("confirm")}
          >
            {t("detail.accept")}
          </button>
          <button
            type="button"
            className="apt-button"
            aria-pressed={response === "declined"}
            disabled={isPending}
            onClick={() => setAsking("decline")}
          >
            {t("detail.decline")}
          </button>
        </div>
      )}
      {organizer && (
        <div className="apt-group">
          {appointment.status === "pending" && response === undefined && (
            <button
              type="button"
              className="apt-button apt-button--accent"
              disabled={isPending}
              onClick={() => send("confirm")}
            >
              {t("detail.confirm")}
            </button>
          )}
          <button type="button" className="apt-button" onClick={() => setAsking("cancel")}>
            {t("detail.cancel")}
          </button>
        </div>
      )}
    </div>
  );
}

interface AskProps {
  kind: "decline" | "cancel";
  series: boolean;
  busy: boolean;
  onSend: (reason: string, scope: Scope | undefined) => void;
  onBack: () => void;
}

function Ask({ kind, series, busy, onSend, onBack }: AskProps) {
  const t = useTranslations("detail");
  const [reason, setReason] = useState("");
  const [scope, setScope] = useState<Scope>("this");
  return (
    <form
      className="apt-ask"
      onSubmit={(event) => {
        event.preventDefault();
        onSend(reason.trim(), series ? scope : undefined);
      }}
    >
      {kind === "cancel" && <p>{t("cancel_ask")}</p>}
      <label className="apt-field">
        <span>{t("reason")}</span>
        <input
          autoFocus
          maxLength={1000}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      {series && (
        <fieldset className="apt-field">
          <legend>{t("series")}</legend>
          {SCOPES.map((one) => (
            <label key={one} className="apt-choice">
              <input type="radio" name="scope" checked={scope === one} onChange={() => setScope(one)} />
              {t(`scope.${one}`)}
            </label>
          ))}
        </fieldset>
      )}
      <div className="apt-group">
        <button type="submit" className="apt-button apt-button--bad" disabled={busy}>
          {t(kind === "cancel" ? "cancel_yes" : "send_decline")}
        </button>
        <button type="button" className="apt-button apt-button--quiet" onClick={onBack}>
          {t("cancel_no")}
        </button>
      </div>
    </form>
  );
}
