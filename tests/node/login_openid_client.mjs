// A relying party with npm openid-client: FAPI 2.0 with PAR, DPoP, private_key_jwt and encrypted ID tokens, at a gateway.
// The gateway is known by its issuer identifier, a name under .example, and listens on loopback; the person's part of
// a login is done by whoever runs this. One JSON object per line each way:
// in  {issuer, base, now, client_id, redirect_uri, signing, encryption}; keys are PKCS #8 PEM, `now` is the gateway's clock
// in  {act: "login", parameters}      out {authorize}; then in {callback}, out {claims, userinfo, introspected, asked, ...} or {error}
// in  {act: "replay"}                 out {error, status}: the code of the last login once more
// in  {act: "refused", parameters}    out {error, status}: an authorization request that is refused when it is pushed
// in  {act: "logout", parameters}     out {url}
import { createInterface } from "node:readline";
import { compactDecrypt, decodeProtectedHeader, importPKCS8 } from "jose";
import * as client from "openid-client";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const told = async () => JSON.parse((await lines.next()).value);
const tell = (answer) => console.log(JSON.stringify(answer));

const ask = await told();
let asked = [];
const overLoopback = async (url, options) => {
  const response = await fetch(String(url).replace(ask.issuer, ask.base), options);
  asked.push([new URL(url).pathname, response.status]);
  return response;
};
const config = await client.discovery(
  new URL(ask.issuer),
  ask.client_id,
  {
    id_token_signed_response_alg: "ES256",
    userinfo_signed_response_alg: "ES256",
    introspection_signed_response_alg: "ES256",
    [client.clockSkew]: ask.now - Math.floor(Date.now() / 1000),
  },
  client.PrivateKeyJwt({ key: await importPKCS8(ask.signing, "ES256"), kid: ask.signing_kid }),
  { [client.customFetch]: overLoopback },
);
client.enableNonRepudiationChecks(config); // otherwise the library believes whatever TLS brings
const opening = await importPKCS8(ask.encryption, "ECDH-ES+A256KW");
client.enableDecryptingResponses(config, ["A256GCM"], {
  key: opening,
  kid: ask.encryption_kid,
  alg: "ECDH-ES+A256KW",
});
tell({ server: config.serverMetadata() });

let last;
const toldOf = (error) => ({
  error: error.error ?? error.cause?.message ?? error.message,
  status: error.status ?? null,
});
const refused = async (act) => {
  try {
    await act();
    return { error: null };
  } catch (error) {
    return toldOf(error);
  }
};
const pushed = async (parameters) => {
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  const url = await client.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: ask.redirect_uri,
      scope: "openid",
      code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: "S256",
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      ...parameters,
    },
    { DPoP },
  );
  return { url, checks, DPoP };
};
const acts = {
  async login({ parameters }) {
    asked = [];
    const { url, checks, DPoP } = await pushed(parameters);
    tell({ authorize: url.href });
    const callback = new URL((await told()).callback);
    const redeem = () => client.authorizationCodeGrant(config, callback, checks, undefined, { DPoP });
    let tokens;
    try {
      tokens = await redeem();
    } catch (error) {
      return toldOf(error);
    }
    const claims = tokens.claims();
    // The library keeps the ID token as it came; a logout shows what is inside (OpenID Connect Core 1.0, 3.1.2.1).
    const { plaintext } = await compactDecrypt(tokens.id_token, opening);
    const idToken = new TextDecoder().decode(plaintext);
    last = { redeem, idToken };
    const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP });
    const introspected = await client.tokenIntrospection(config, tokens.access_token);
    const { kid } = decodeProtectedHeader(idToken);
    return { claims, kid, userinfo, introspected, token_type: tokens.token_type, asked };
  },
  replay: () => refused(() => last.redeem()),
  refused: ({ parameters }) => refused(() => pushed(parameters)),
  async logout({ parameters }) {
    const url = client.buildEndSessionUrl(config, { ...parameters, id_token_hint: last.idToken });
    return { url: url.href };
  },
};
for (;;) {
  const next = await lines.next();
  if (next.done) break;
  const { act, ...rest } = JSON.parse(next.value);
  tell(await acts[act](rest));
}
