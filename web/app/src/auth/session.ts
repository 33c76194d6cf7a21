import { BASE, type Login } from "../config";
import { fragmentAddress, tokenFrom } from "./fragment";
import { oidcAddress, oidcToken } from "./oidc";

const TOKEN = "apt.token";
const RETURN = "apt.sign-in.return";
const CALLBACK = `${location.origin}${BASE}/callback`;

/** The token of this tab. It is in memory; the sandbox's is kept in the session, so that a reload stays signed in. */
export class Session {
  readonly #login: Login;
  readonly #onEnd: () => void;
  #token: string | null;

  constructor(login: Login, onEnd: () => void) {
    this.#login = login;
    this.#onEnd = onEnd;
    this.#token = login.kind === "sandbox" ? sessionStorage.getItem(TOKEN) : null;
  }

  get signedIn(): boolean {
    return this.#token !== null;
  }

  /** Return the token. A refused one ends the session: the page asks to sign in again, and nothing is lost. */
  readonly getToken = (renew = false): Promise<string> => {
    if (renew) this.end();
    return this.#token === null ? Promise.reject(new Error("signed out")) : Promise.resolve(this.#token);
  };

  /** Leave for the sign-in page; afterwards the person is back at `path`. */
  async begin(path: string): Promise<void> {
    sessionStorage.setItem(RETURN, path);
    const login = this.#login;
    location.assign(
      login.kind === "oidc"
        ? await oidcAddress(login, CALLBACK, sessionStorage)
        : fragmentAddress(login.url, CALLBACK, sessionStorage, crypto.randomUUID()),
    );
  }

  /** Take what the sign-in page brought, and remove it from the address. Return the path to go to. */
  async complete(): Promise<string> {
    const address = location.href;
    history.replaceState(null, "", `${BASE}/callback`);
    const login = this.#login;
    const token =
      login.kind === "oidc"
        ? await oidcToken(login, CALLBACK, address, sessionStorage)
        : tokenFrom(address, sessionStorage);
    if (!token) throw new Error("The sign-in page brought no token that this tab asked for.");
    this.#token = token;
    if (login.kind === "sandbox") sessionStorage.setItem(TOKEN, token);
    const path = sessionStorage.getItem(RETURN) ?? "/calendar";
    sessionStorage.removeItem(RETURN);
    return path;
  }

  end(): void {
    this.#token = null;
    sessionStorage.removeItem(TOKEN);
    this.#onEnd();
  }
}
