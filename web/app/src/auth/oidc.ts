/** Sign-in by OpenID Connect: authorization code with PKCE. The library comes only when it is used. */

const VERIFIER = "apt.sign-in.verifier";
const STATE = "apt.sign-in.state";
const SCOPE = "openid profile email";

export interface Issuer {
  url: string;
  client_id: string;
}

/** Return the address of the issuer's sign-in page. */
export async function oidcAddress(issuer: Issuer, callback: string, store: Storage): Promise<string> {
  const oauth = await import("oauth4webapi");
  const server = await discovered(issuer);
  if (!server.authorization_endpoint) throw new Error("The issuer has no authorization endpoint.");
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  store.setItem(VERIFIER, verifier);
  store.setItem(STATE, state);
  const address = new URL(server.authorization_endpoint);
  for (const [name, value] of Object.entries({
    client_id: issuer.client_id,
    redirect_uri: callback,
    response_type: "code",
    scope: SCOPE,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  })) {
    address.searchParams.set(name, value);
  }
  return address.href;
}

/** Exchange the code of a callback for an access token. */
export async function oidcToken(
  issuer: Issuer,
  callback: string,
  address: string,
  store: Storage,
): Promise<string> {
  const oauth = await import("oauth4webapi");
  const server = await discovered(issuer);
  const client = { client_id: issuer.client_id };
  const [verifier, state] = [store.getItem(VERIFIER), store.getItem(STATE)];
  store.removeItem(VERIFIER);
  store.removeItem(STATE);
  if (!verifier || !state) throw new Error("No sign-in was begun in this tab.");
  const parameters = oauth.validateAuthResponse(server, client, new URL(address), state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    callback,
    verifier,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response);
  return tokens.access_token;
}

async function discovered(issuer: Issuer) {
  const oauth = await import("oauth4webapi");
  const url = new URL(issuer.url);
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url));
}
