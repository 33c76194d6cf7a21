import type { Theme } from "@appointments/react";
import { useCallback, useState } from "react";

const THEME = "apt.theme";
const THEMES: readonly string[] = ["system", "light", "dark"];

/** The appearance that a person chose in this browser. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const kept = localStorage.getItem(THEME) ?? "";
    return THEMES.includes(kept) ? (kept as Theme) : "system";
  });
  const choose = useCallback((next: Theme) => {
    localStorage.setItem(THEME, next);
    setTheme(next);
  }, []);
  return [theme, choose];
}
