// Runs npm oidc-provider as a national provider that speaks FAPI 2.0, until its standard input ends.
// It is known by a name under .example and listens on a random loopback port; whoever stands before it says by
// X-Forwarded-Proto and Host which name a server meant.
// in  one line {issuer, client_id, redirect_uri, jwks, claims, encryption?: {alg, enc}}; `claims` are of the scope profile
// out one line {port, jwks}
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

const lines = createInterface({ input: process.stdin });
const ask = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);
const { privateKey } = await generateKeyPair("ES256", { extractable: true });
const signing = { ...(await exportJWK(privateKey)), kid: "fapi-1", use: "sig", alg: "ES256" };
const sealed = ask.encryption;

const provider = new Provider(ask.issuer, {
  clients: [
    {
      client_id: ask.client_id,
      redirect_uris: [ask.redirect_uri],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: "ES256",
      id_token_signed_response_alg: "ES256",
      userinfo_signed_response_alg: "ES256",
      require_pushed_authorization_requests: true,
      dpop_bound_access_tokens: true,
      jwks: ask.jwks,
      ...(sealed && {
        id_token_encrypted_response_alg: sealed.alg,
        id_token_encrypted_response_enc: sealed.enc,
        userinfo_encrypted_response_alg: sealed.alg,
        userinfo_encrypted_response_enc: sealed.enc,
      }),
    },
  ],
  clientAuthMethods: ["private_key_jwt"],
  jwks: { keys: [signing] },
  claims: { openid: ["sub"], profile: Object.keys(ask.claims) },
  conformIdTokenClaims: false,
  enabledJWA: {
    idTokenSigningAlgValues: ["ES256"],
    userinfoSigningAlgValues: ["ES256"],
    clientAuthSigningAlgValues: ["ES256"],
    dPoPSigningAlgValues: ["ES256"],
    ...(sealed && {
      idTokenEncryptionAlgValues: [sealed.alg],
      idTokenEncryptionEncValues: [sealed.enc],
      userinfoEncryptionAlgValues: [sealed.alg],
      userinfoEncryptionEncValues: [sealed.enc],
    }),
  },
  features: {
    devInteractions: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    fapi: { enabled: true, profile: "2.0" },
    jwtUserinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
    ...(sealed && { encryption: { enabled: true } }),
  },
  cookies: { keys: [randomBytes(32).toString("base64url")] },
  async findAccount(_context, sub) {
    return { accountId: sub, claims: async () => ({ sub, ...ask.claims }) };
  },
});
provider.proxy = true;
const server = createServer(provider.callback());
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const { kty, crv, x, y, kid, use, alg } = signing;
console.log(JSON.stringify({ port: server.address().port, jwks: { keys: [{ kty, crv, x, y, kid, use, alg }] } }));
lines.on("close", () => process.exit(0));
