import { EventParser, type StreamEvent } from "./events";

export type LiveState = "connecting" | "live" | "reconnecting" | "offline";

export interface StreamOptions {
  url: string;
  getToken: (renew?: boolean) => Promise<string>;
  onEvent: (event: StreamEvent) => void;
  onState: (state: LiveState) => void;
  lastId?: string;
  fetch?: typeof fetch;
  /** A stream without a byte for so long is dead, though its connection stands. The server's heartbeat is 15 s. */
  silence?: number;
  firstRetry?: number;
  longestRetry?: number;
}

const SILENCE = 40_000;

/** One open stream: read with fetch, because EventSource cannot send a token. It comes back until it is stopped. */
export class LiveStream {
  readonly #options: StreamOptions;
  #lastId: string;
  #stop = new AbortController();
  #attempt = new AbortController();
  #failures = 0;
  #retry: number;
  #wake: () => void = () => undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#lastId = options.lastId ?? "";
    this.#retry = options.firstRetry ?? 1_000;
  }

  get lastId(): string {
    return this.#lastId;
  }

  start(): void {
    const { signal } = this.#stop;
    void this.#run(() => signal.aborted);
  }

  stop(): void {
    this.#stop.abort();
    this.#attempt.abort();
    this.#wake();
  }

  /** The browser has its network back, or lost it: the open connection tells neither for a long time. */
  networkChanged(online: boolean): void {
    if (!online) this.#options.onState("offline");
    this.#failures = 0;
    this.#attempt.abort();
    if (online) this.#wake();
  }

  async #run(stopped: () => boolean): Promise<void> {
    this.#options.onState("connecting");
    let renew = false;
    for (;;) {
      renew = await this.#once(renew);
      if (stopped()) return;
      if (!offline()) this.#options.onState(this.#failures ? "reconnecting" : "connecting");
      await this.#pause();
      if (stopped()) return;
    }
  }

  /** Read until the stream ends. Return whether the token was refused. */
  async #once(renew: boolean): Promise<boolean> {
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    try {
      const response = await this.#open(await this.#options.getToken(renew), signal);
      if (response.status === 401) {
        this.#failures += 1;
        return true;
      }
      if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
      await this.#read(response.body);
    } catch {
      this.#failures += 1;
    }
    return false;
  }

  #open(token: string, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { Accept: "text/event-stream", Authorization: `Bearer ${token}` };
    if (this.#lastId) headers["Last-Event-ID"] = this.#lastId;
    return (this.#options.fetch ?? fetch)(this.#options.url, { headers, signal, cache: "no-store" });
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const parser = new EventParser(this.#lastId);
    const decoder = new TextDecoder();
    const reader = body.getReader();
    const silence = this.#options.silence ?? SILENCE;
    let watchdog = this.#watch(silence);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        clearTimeout(watchdog);
        if (done) return;
        watchdog = this.#watch(silence);
        this.#failures = 0;
        this.#options.onState("live");
        for (const event of parser.push(decoder.decode(value, { stream: true })))
          this.#options.onEvent(event);
        this.#lastId = parser.lastId;
        this.#retry = parser.retry ?? this.#retry;
      }
    } finally {
      clearTimeout(watchdog);
      void reader.cancel().catch(() => undefined);
    }
  }

  #watch(silence: number): ReturnType<typeof setTimeout> {
    const attempt = this.#attempt;
    return setTimeout(() => attempt.abort(), silence);
  }

  /** Wait before the next try: longer after each failure, and differently in each browser. */
  #pause(): Promise<void> {
    const longest = this.#options.longestRetry ?? 30_000;
    const pause =
      Math.min(longest, this.#retry * 2 ** Math.min(this.#failures, 6)) * (0.5 + Math.random() / 2);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pause);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function offline(): boolean {
  return typeof navigator !== "undefined" && "onLine" in navigator && !navigator.onLine;
}
