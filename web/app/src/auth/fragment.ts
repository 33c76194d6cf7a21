/** Sign-in by an address that comes back with the token in the fragment: the sandbox, or a host's own page. */

const STATE = "apt.sign-in.state";

/** Return the address to go to. `state` comes back with the token, so that nobody else can hand one over. */
export function fragmentAddress(login: string, callback: string, store: Storage, state: string): string {
  store.setItem(STATE, state);
  const address = new URL(login);
  address.searchParams.set("return_to", callback);
  address.searchParams.set("state", state);
  return address.href;
}

/** Return the token that a callback's fragment brings; null when it brings none, or one that was not asked for. */
export function tokenFrom(address: string, store: Storage): string | null {
  const brought = new URLSearchParams(new URL(address).hash.slice(1));
  const expected = store.getItem(STATE);
  store.removeItem(STATE);
  const token = brought.get("token");
  return token && expected && brought.get("state") === expected ? token : null;
}
