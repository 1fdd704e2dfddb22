// Runs npm oidc-provider on a random loopback port and goes through one real authorization-code login with PKCE,
// following redirects and answering the login and consent pages as a browser would.
// The issuer identifier is a name under .example; the provider itself listens on loopback.
// in  {issuer, client_id, nonce, login, claims, encryption?: {jwk, alg, enc}}; `claims` are those of the profile scope.
//     With `encryption` the ID token and the signed userinfo response are encrypted to that key.
// out {jwks, id_token, access_token, userinfo?}
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

const ask = JSON.parse(readFileSync(0, "utf8"));
const { privateKey } = await generateKeyPair("ES256", { extractable: true });
const signing = { ...(await exportJWK(privateKey)), kid: "login-1", use: "sig", alg: "ES256" };

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const redirectUri = `${base}/done`;
const secret = randomBytes(32).toString("base64url");
const provider = new Provider(ask.issuer, {
  clients: [
    {
      client_id: ask.client_id,
      client_secret: secret,
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      id_token_signed_response_alg: "ES256",
      token_endpoint_auth_method: "client_secret_basic",
      ...(ask.encryption && {
        jwks: { keys: [ask.encryption.jwk] },
        id_token_encrypted_response_alg: ask.encryption.alg,
        id_token_encrypted_response_enc: ask.encryption.enc,
        userinfo_signed_response_alg: "ES256",
        userinfo_encrypted_response_alg: ask.encryption.alg,
        userinfo_encrypted_response_enc: ask.encryption.enc,
      }),
    },
  ],
  jwks: { keys: [signing] },
  claims: { openid: ["sub", "acr"], profile: Object.keys(ask.claims) },
  conformIdTokenClaims: false,
  enabledJWA: {
    idTokenSigningAlgValues: ["ES256"],
    ...(ask.encryption && {
      userinfoSigningAlgValues: ["ES256"],
      idTokenEncryptionAlgValues: [ask.encryption.alg],
      idTokenEncryptionEncValues: [ask.encryption.enc],
      userinfoEncryptionAlgValues: [ask.encryption.alg],
      userinfoEncryptionEncValues: [ask.encryption.enc],
    }),
  },
  features: {
    devInteractions: { enabled: true },
    ...(ask.encryption && { encryption: { enabled: true }, jwtUserinfo: { enabled: true } }),
  },
  pkce: { required: () => true },
  cookies: { keys: [randomBytes(32).toString("base64url")] },
  async findAccount(_context, sub) {
    return { accountId: sub, claims: async () => ({ sub, ...ask.claims }) };
  },
});
server.on("request", provider.callback());

const jar = new Map();
const visit = async (url, options = {}) => {
  const response = await fetch(url, {
    redirect: "manual",
    ...options,
    headers: { ...options.headers, cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") },
  });
  for (const cookie of response.headers.getSetCookie()) {
    const [name, ...rest] = cookie.split(";")[0].split("=");
    jar.set(name, rest.join("="));
  }
  return response;
};

const verifier = randomBytes(32).toString("base64url");
const question = new URLSearchParams({
  client_id: ask.client_id,
  redirect_uri: redirectUri,
  response_type: "code",
  scope: "openid profile",
  nonce: ask.nonce,
  state: randomBytes(8).toString("hex"),
  code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  code_challenge_method: "S256",
});
let next = `${base}/auth?${question}`;
let code = null;
for (let leg = 0; leg < 20 && code === null; leg += 1) {
  const response = await visit(next);
  const target = response.headers.get("location");
  if (target) {
    next = new URL(target, next).href;
    code = next.startsWith(redirectUri) ? new URL(next).searchParams.get("code") : null;
    continue;
  }
  const page = await response.text();
  const action = /action="([^"]+)"/.exec(page)[1];
  const prompt = /name="prompt" value="(\w+)"/.exec(page)[1];
  const answer = await visit(new URL(action, next).href, {
    method: "POST",
    body: new URLSearchParams({ prompt, login: ask.login, password: randomBytes(8).toString("hex") }),
  });
  next = new URL(answer.headers.get("location"), next).href;
}
const basic = Buffer.from(`${ask.client_id}:${secret}`).toString("base64");
const tokens = await (
  await fetch(`${base}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }),
  })
).json();
const jwks = await (await fetch(`${base}/jwks`)).json();
const asked = { headers: { authorization: `Bearer ${tokens.access_token}` } };
const userinfo = ask.encryption ? await (await fetch(`${base}/me`, asked)).text() : undefined;
server.close();
server.closeAllConnections();
if (!tokens.id_token) throw new Error(`no ID token: ${tokens.error}`);
console.log(JSON.stringify({ jwks, id_token: tokens.id_token, access_token: tokens.access_token, userinfo }));
