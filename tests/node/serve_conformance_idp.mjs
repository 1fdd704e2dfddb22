// Runs npm oidc-provider as an identity provider under the conformance suite, until its standard input ends.
// Its issuer is the address on loopback at which it listens.
// in  one line {fapi, algorithm, clients: [{client_id, redirect_uri, post_logout_redirect_uri, secret?, jwks?}], claims}
// out one line {issuer}
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

const lines = createInterface({ input: process.stdin });
const ask = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);
const { privateKey } = await generateKeyPair(ask.algorithm, { extractable: true });
const signing = { ...(await exportJWK(privateKey)), kid: "conformance-1", use: "sig", alg: ask.algorithm };

const client = (one) => ({
  client_id: one.client_id,
  redirect_uris: [one.redirect_uri],
  post_logout_redirect_uris: [one.post_logout_redirect_uri],
  grant_types: ["authorization_code"],
  response_types: ["code"],
  id_token_signed_response_alg: ask.algorithm,
  ...(one.jwks
    ? { token_endpoint_auth_method: "private_key_jwt", token_endpoint_auth_signing_alg: "ES256", jwks: one.jwks }
    : { token_endpoint_auth_method: "client_secret_basic", client_secret: one.secret }),
  ...(ask.fapi && { require_pushed_authorization_requests: true, dpop_bound_access_tokens: true }),
});

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: ask.clients.map(client),
  clientAuthMethods: ask.fapi ? ["private_key_jwt"] : ["client_secret_basic", "private_key_jwt"],
  responseTypes: ["code"],
  jwks: { keys: [signing] },
  claims: { openid: ["sub"], profile: Object.keys(ask.claims) },
  conformIdTokenClaims: false,
  enabledJWA: {
    idTokenSigningAlgValues: [ask.algorithm],
    clientAuthSigningAlgValues: ["ES256"],
    dPoPSigningAlgValues: ["ES256"],
  },
  features: {
    devInteractions: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    ...(ask.fapi && {
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      fapi: { enabled: true, profile: "2.0" },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
    }),
  },
  pkce: { required: () => true },
  cookies: { keys: [randomBytes(32).toString("base64url")] },
  async findAccount(_context, sub) {
    return { accountId: sub, claims: async () => ({ sub, ...ask.claims }) };
  },
});
server.on("request", provider.callback());
console.log(JSON.stringify({ issuer }));
lines.on("close", () => process.exit(0));
