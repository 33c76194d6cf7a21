import { Link } from "wouter";

import type { Texts } from "../texts";
import { useTitle } from "../useTitle";

export function NotFound({ texts }: { texts: Texts }) {
  useTitle(texts.not_found, texts.name);
  return (
    <div className="apt-empty">
      <strong>{texts.not_found}</strong>
      <span>{texts.not_found_text}</span>
      <Link to="/calendar">{texts.to_calendar}</Link>
    </div>
  );
}
