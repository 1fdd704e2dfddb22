// Asks and answers with @openid4vc/openid4vp, as a relying party and a wallet that are not ours would; the credential is
// made and presented by @sd-jwt/sd-jwt-vc. Reads one JSON object from standard input and prints one to standard output:
// in  {issuer, vct, kid, iat, exp, claims, disclose: [names], present: [names], client_id, response_uri, nonce, query}
// out {issuer_jwk, query, nonce, vp_token}; query and nonce as the wallet read them, vp_token as the party received it
import { readFileSync } from "node:fs";
import {
  createOpenid4vpAuthorizationRequest,
  createOpenid4vpAuthorizationResponse,
  parseOpenid4vpAuthorizationRequest,
  parseOpenid4vpAuthorizationResponse,
} from "@openid4vc/openid4vp";
import { digest, ES256, generateSalt } from "@sd-jwt/crypto-nodejs";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";

const ask = JSON.parse(readFileSync(0, "utf8"));
const publicPart = ({ kty, crv, x, y }) => ({ kty, crv, x, y });
const callbacks = {};

// The relying party asks.
const asked = await createOpenid4vpAuthorizationRequest({
  authorizationRequestPayload: {
    response_type: "vp_token",
    response_mode: "direct_post",
    client_id: ask.client_id,
    response_uri: ask.response_uri,
    nonce: ask.nonce,
    state: "state-1",
    dcql_query: ask.query,
    client_metadata: { vp_formats_supported: { "dc+sd-jwt": { "sd-jwt_alg_values": ["ES256"] } } },
  },
  callbacks,
});

// The wallet reads the request and answers it.
const { params } = parseOpenid4vpAuthorizationRequest({ authorizationRequest: asked.authorizationRequest });
const issuerKeys = await ES256.generateKeyPair();
const holderKeys = await ES256.generateKeyPair();
const common = { hasher: digest, hashAlg: "sha-256", saltGenerator: generateSalt };
const issuer = new SDJwtVcInstance({ ...common, signer: await ES256.getSigner(issuerKeys.privateKey), signAlg: "ES256" });
const credential = await issuer.issue(
  {
    iss: ask.issuer,
    vct: ask.vct,
    iat: ask.iat,
    exp: ask.exp,
    cnf: { jwk: publicPart(holderKeys.publicKey) },
    ...ask.claims,
  },
  { _sd: ask.disclose },
  { header: { kid: ask.kid } },
);
const wallet = new SDJwtVcInstance({
  ...common,
  kbSigner: await ES256.getSigner(holderKeys.privateKey),
  kbSignAlg: "ES256",
});
const presentation = await wallet.present(credential, Object.fromEntries(ask.present.map((name) => [name, true])), {
  kb: { payload: { iat: ask.iat, aud: params.client_id, nonce: params.nonce } },
});
const answered = await createOpenid4vpAuthorizationResponse({
  authorizationRequestPayload: params,
  authorizationResponsePayload: { vp_token: { [params.dcql_query.credentials[0].id]: [presentation] } },
  callbacks,
});

// The relying party receives the form.
const { vp_token, state } = answered.authorizationResponsePayload;
const form = new URLSearchParams({ vp_token: JSON.stringify(vp_token), state });
const received = await parseOpenid4vpAuthorizationResponse({
  authorizationResponse: Object.fromEntries(form),
  authorizationRequestPayload: asked.authorizationRequestPayload,
  callbacks,
});

console.log(
  JSON.stringify({
    issuer_jwk: { ...publicPart(issuerKeys.publicKey), kid: ask.kid, alg: "ES256" },
    query: params.dcql_query,
    nonce: received.expectedNonce,
    vp_token: JSON.stringify(received.dcql.presentations),
  }),
);
