// Issues a W3C credential of version 1.1 with did-jwt-vc and presents it, as an issuer and a wallet that are not ours
// would. Reads one JSON object from standard input and prints one to standard output:
// in  {issuer, kid, type, issued, expires, subject: {claims}, audience, nonce, iat}; issued and expires as in ISO 8601
// out {issuer_jwk, holder_did, credential, presentation, stolen}; the keys are made here, for this run only, and
// `stolen` is the same credential presented by a wallet that it was not issued to.
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { ES256Signer } from "did-jwt";
import { createVerifiableCredentialJwt, createVerifiablePresentationJwt } from "did-jwt-vc";

const CONTEXT = "https://www.w3.org/2018/credentials/v1";
const ask = JSON.parse(readFileSync(0, "utf8"));

function newKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { kty, crv, x, y, d } = privateKey.export({ format: "jwk" });
  const jwk = { kty, crv, x, y };
  const did = `did:jwk:${Buffer.from(JSON.stringify(jwk)).toString("base64url")}`;
  return { jwk, did, signer: ES256Signer(Buffer.from(d, "base64url")) };
}

const [issuer, holder, thief] = [newKey(), newKey(), newKey()];
const credential = await createVerifiableCredentialJwt(
  {
    "@context": [CONTEXT],
    type: ["VerifiableCredential", ask.type],
    issuer: { id: ask.issuer },
    issuanceDate: ask.issued,
    expirationDate: ask.expires,
    credentialSubject: { id: holder.did, ...ask.subject },
  },
  { did: ask.issuer, signer: issuer.signer, alg: "ES256" },
  { header: { kid: ask.kid } },
);

const presentedBy = ({ did, signer }) =>
  createVerifiablePresentationJwt(
    { "@context": [CONTEXT], type: ["VerifiablePresentation"], holder: did, verifiableCredential: [credential], iat: ask.iat },
    { did, signer, alg: "ES256" },
    { domain: ask.audience, challenge: ask.nonce },
  );

console.log(
  JSON.stringify({
    issuer_jwk: { ...issuer.jwk, kid: ask.kid, alg: "ES256" },
    holder_did: holder.did,
    credential,
    presentation: await presentedBy(holder),
    stolen: await presentedBy(thief),
  }),
);
