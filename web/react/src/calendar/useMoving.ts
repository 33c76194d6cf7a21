import { ApiError } from "@appointments/client";
import { useCallback, useState } from "react";
import { useTranslations } from "use-intl";

import { useMove } from "../data/hooks";
import { errorKey } from "../i18n";
import { useFormats } from "../provider";
import { useToasts } from "../ui/Toasts";
import type { Wanted } from "./useDrag";

export interface Refused {
  wanted: Wanted;
  error: ApiError;
  onTake: (start: string, end: string) => void;
  onKeep: () => void;
}

const WITH_ALTERNATIVES = new Set(["conflict", "unavailable"]);
const UNDO_FOR = 10_000;

/** Move appointments: with undo, with other times when a time is refused, and with a word when it fails. */
export function useMoving() {
  const t = useTranslations();
  const formats = useFormats();
  const { show } = useToasts();
  const { mutateAsync } = useMove();
  const [refused, setRefused] = useState<{ wanted: Wanted; error: ApiError } | null>(null);

  const failed = useCallback(
    (error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
      show({ text: t(`error.${errorKey(error)}`), kind: "bad" });
    },
    [show, t],
  );
  const moveBack = useCallback(
    ({ item }: Wanted, version: number) =>
      mutateAsync({ id: item.id, start: item.start_time, end: item.end_time, version }).then(
        () => show({ text: t("calendar.moved_back") }),
        failed,
      ),
    [mutateAsync, show, t, failed],
  );
  const send = useCallback(
    async (wanted: Wanted): Promise<void> => {
      const { item, start, end } = wanted;
      if (start === item.start_time && end === item.end_time) return;
      try {
        const written = await mutateAsync({ id: item.id, start, end, version: item.version });
        setRefused(null);
        const undo = () => void moveBack(wanted, written?.version ?? item.version + 1);
        const text = t("calendar.moved", { when: formats.dateTime(start) });
        show({ text, action: { label: t("common.undo"), run: undo }, stays: UNDO_FOR });
      } catch (error) {
        if (error instanceof ApiError && WITH_ALTERNATIVES.has(error.code)) setRefused({ wanted, error });
        else failed(error);
      }
    },
    [mutateAsync, moveBack, failed, show, t, formats],
  );
  const move = useCallback((wanted: Wanted) => void send(wanted), [send]);

  const conflict: Refused | null = refused && {
    ...refused,
    onKeep: () => setRefused(null),
    onTake: (start, end) => {
      setRefused(null);
      move({ item: refused.wanted.item, start, end });
    },
  };
  return { move, conflict };
}
