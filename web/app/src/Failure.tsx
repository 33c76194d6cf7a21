import { Component, type ReactNode } from "react";

import { textsFor } from "./texts";

/** A page that broke says so, and offers the way out. */
export class Failure extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    const texts = textsFor(navigator.language);
    return (
      <main className="apt-root app-message" role="alert">
        <h1>{texts.failed}</h1>
        <button type="button" className="apt-button" onClick={() => location.reload()}>
          {texts.reload}
        </button>
      </main>
    );
  }
}
