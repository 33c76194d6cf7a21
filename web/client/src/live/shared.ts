import type { StreamEvent } from "./events";
import { LiveStream, type LiveState, type StreamOptions } from "./stream";

export interface SharedOptions extends Pick<StreamOptions, "url" | "getToken" | "fetch" | "silence"> {
  /** The person whose stream it is: tabs of different people share nothing. */
  subject: string;
  onEvent: (event: StreamEvent) => void;
  onState: (state: LiveState) => void;
  hiddenFor?: number;
}

type TabMessage =
  | { kind: "event"; event: StreamEvent }
  | { kind: "state"; state: LiveState; lastId: string }
  | { kind: "hello" };

const HIDDEN_FOR = 60_000;

/** One stream for all tabs of a browser: a browser opens six connections to a server, and a stream keeps one.
 *
 * The tab that holds the lock reads; the others hear from it. A tab that is hidden for a minute lets go, and
 * the next one continues from the last id that it heard.
 */
export class SharedLive {
  readonly #options: SharedOptions;
  readonly #name: string;
  readonly #channel: BroadcastChannel | undefined;
  #stream: LiveStream | undefined;
  #lastId = "";
  #state: LiveState = "connecting";
  #candidacy: AbortController | undefined;
  #release: () => void = () => undefined;
  #hidden: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SharedOptions) {
    this.#options = options;
    this.#name = `apt-live:${options.subject}`;
    this.#channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel(this.#name);
  }

  /** Follow, and return the function that ends it. */
  start(): () => void {
    this.#channel?.addEventListener("message", this.#receive);
    const target = typeof window === "undefined" ? undefined : window;
    target?.addEventListener("online", this.#network);
    target?.addEventListener("offline", this.#network);
    target?.document.addEventListener("visibilitychange", this.#visibility);
    this.#send({ kind: "hello" });
    this.#stand();
    return () => {
      target?.removeEventListener("online", this.#network);
      target?.removeEventListener("offline", this.#network);
      target?.document.removeEventListener("visibilitychange", this.#visibility);
      clearTimeout(this.#hidden);
      this.#withdraw();
      this.#channel?.close();
    };
  }

  readonly #network = (event: Event): void => {
    const online = event.type === "online";
    if (!online) this.#show("offline");
    this.#stream?.networkChanged(online);
    if (online && !this.#stream) this.#send({ kind: "hello" });
  };

  readonly #visibility = (): void => {
    clearTimeout(this.#hidden);
    if (document.visibilityState === "hidden") {
      this.#hidden = setTimeout(() => this.#withdraw(), this.#options.hiddenFor ?? HIDDEN_FOR);
    } else if (!this.#candidacy) this.#stand();
  };

  readonly #receive = ({ data }: MessageEvent<TabMessage>): void => {
    if (data.kind === "hello") {
      if (this.#stream) this.#send({ kind: "state", state: this.#state, lastId: this.#lastId });
    } else if (!this.#stream && data.kind === "event") {
      this.#lastId = data.event.id || this.#lastId;
      this.#options.onEvent(data.event);
    } else if (!this.#stream && data.kind === "state") {
      this.#lastId = data.lastId || this.#lastId;
      this.#show(data.state);
    }
  };

  #stand(): void {
    const candidacy = new AbortController();
    this.#candidacy = candidacy;
    const locks = typeof navigator === "undefined" ? undefined : (navigator.locks as LockManager | undefined);
    if (!locks) {
      this.#lead();
      return;
    }
    locks
      .request(this.#name, { signal: candidacy.signal }, () => {
        if (candidacy.signal.aborted) return undefined;
        this.#lead();
        return new Promise<void>((resolve) => {
          this.#release = resolve;
        });
      })
      .catch(() => undefined);
  }

  #lead(): void {
    const { url, getToken } = this.#options;
    this.#stream = new LiveStream({
      url,
      getToken,
      ...(this.#options.fetch ? { fetch: this.#options.fetch } : {}),
      ...(this.#options.silence ? { silence: this.#options.silence } : {}),
      lastId: this.#lastId,
      onEvent: (event) => {
        this.#lastId = event.id || this.#lastId;
        this.#send({ kind: "event", event });
        this.#options.onEvent(event);
      },
      onState: (state) => {
        this.#lastId = this.#stream?.lastId || this.#lastId;
        if (state !== this.#state) this.#send({ kind: "state", state, lastId: this.#lastId });
        this.#show(state);
      },
    });
    this.#stream.start();
  }

  #withdraw(): void {
    this.#lastId = this.#stream?.lastId || this.#lastId;
    this.#stream?.stop();
    this.#stream = undefined;
    this.#candidacy?.abort();
    this.#candidacy = undefined;
    this.#release();
  }

  #show(state: LiveState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }

  #send(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }
}
