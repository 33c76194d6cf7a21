import "@fontsource-variable/hanken-grotesk/wght.css";
import "@fontsource-variable/newsreader/wght.css";
import "@appointments/react/styles.css";
import "./app.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App";
import { Failure } from "./Failure";
import { readConfig } from "./config";
import { textsFor } from "./texts";

const element = document.getElementById("root");
if (!element) throw new Error("index.html has no #root");
const root = createRoot(element);

readConfig().then(
  (config) =>
    root.render(
      <StrictMode>
        <Failure>
          <App config={config} />
        </Failure>
      </StrictMode>,
    ),
  () => {
    const texts = textsFor(navigator.language);
    root.render(
      <main className="apt-root app-message">
        <h1>{texts.name}</h1>
        <p role="alert">{texts.no_config}</p>
        <button type="button" className="apt-button" onClick={() => location.reload()}>
          {texts.reload}
        </button>
      </main>,
    );
  },
);
