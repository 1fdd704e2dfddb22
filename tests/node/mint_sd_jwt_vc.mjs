// Issues SD-JWT VCs with @sd-jwt/sd-jwt-vc and presents them with a key binding, as an issuer and a wallet that
// are not ours would. Reads one JSON object from standard input and prints one to standard output:
// in  {issuer, vct, kid, iat, exp, claims, disclose: [names], present: [names], audience, nonce}
// out {issuer_jwk, holder_jwk, credential, presentation}; the keys are made here, for this run only.
import { readFileSync } from "node:fs";
import { digest, ES256, generateSalt } from "@sd-jwt/crypto-nodejs";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";

const ask = JSON.parse(readFileSync(0, "utf8"));
const issuerKeys = await ES256.generateKeyPair();
const holderKeys = await ES256.generateKeyPair();
const publicPart = ({ kty, crv, x, y }) => ({ kty, crv, x, y });

const issuer = new SDJwtVcInstance({
  signer: await ES256.getSigner(issuerKeys.privateKey),
  signAlg: "ES256",
  hasher: digest,
  hashAlg: "sha-256",
  saltGenerator: generateSalt,
});
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
  hasher: digest,
  hashAlg: "sha-256",
  saltGenerator: generateSalt,
  kbSigner: await ES256.getSigner(holderKeys.privateKey),
  kbSignAlg: "ES256",
});
const frame = Object.fromEntries(ask.present.map((name) => [name, true]));
const presentation = await wallet.present(credential, frame, {
  kb: { payload: { iat: ask.iat, aud: ask.audience, nonce: ask.nonce } },
});

console.log(
  JSON.stringify({
    issuer_jwk: { ...publicPart(issuerKeys.publicKey), kid: ask.kid, alg: "ES256" },
    holder_jwk: publicPart(holderKeys.publicKey),
    credential,
    presentation,
  }),
);
