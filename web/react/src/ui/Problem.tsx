import type { ApiError } from "@appointments/client";
import { useTranslations } from "use-intl";

import { errorKey } from "../i18n";

interface ProblemProps {
  error: ApiError;
  onRetry?: () => void;
}

/** A refusal or failure in the person's language, with the way on. */
export function Problem({ error, onRetry }: ProblemProps) {
  const t = useTranslations();
  return (
    <div className="apt-problem" role="alert">
      <span>{t(`error.${errorKey(error)}`)}</span>
      {onRetry && (
        <button type="button" className="apt-button" onClick={onRetry}>
          {t("common.retry")}
        </button>
      )}
    </div>
  );
}
