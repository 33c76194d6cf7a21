import { useEffect } from "react";

/** Name the page in the browser's tab. */
export function useTitle(page: string, application: string): void {
  useEffect(() => {
    document.title = page ? `${page} – ${application}` : application;
  }, [page, application]);
}
