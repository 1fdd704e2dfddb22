// npm `@sd-jwt/sd-jwt-vc` behind the command-line protocol: `verify` with the nonce and the instant of the case. The
// library asks its caller to verify signatures; the key decides the algorithm there, and never the header. Keys are
// the listed ones that the header names, or the leaf's if a listed authority signed it: that look-up is the caller's,
// so what is demanded of it is declared.
import { verify, X509Certificate } from "node:crypto";
import { digest } from "@sd-jwt/crypto-nodejs";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import { anchorsOf, answer, called, keysOf, numbered, part, publicKey } from "./conformance_answering.mjs";

const LEEWAY = 60; // seconds, as the lists of the region say
const FORM = "dc+sd-jwt";
const declined = {
  state: "it remembers nothing and counts no level",
  "id-token": "another format",
  mdoc: "another format",
  "w3c-vc": "another format",
  qr: "another format",
  assertion: "no assertions between states",
  "legal-person": "no mandates",
  status: "it fetches status lists itself, and nothing is fetched here",
  ...numbered("IDB-ISS", 29, "its caller looks the issuer's key up"),
  "IDB-TIME-015": "it takes no receipt of a log as evidence of time",
  "IDB-ISS-030": "it takes no receipt of a log as evidence of time",
  "IDB-ISS-031": "it takes no receipt of a log as evidence of time",
  "IDB-IN-004": "the limits are ours",
  "IDB-IN-005": "the limits are ours",
  "IDB-RECOG": "no arrangements between states",
  "IDB-MAND": "no mandates",
  "IDB-POL": "no policies",
  "IDB-QUERY": "no queries",
  "IDB-JOSE-013": "its caller looks the issuer's key up",
  "IDB-HOLD-010": "it remembers no nonce",
  "IDB-HOLD-014": "no transactions",
  "IDB-HOLD-015": "no transactions",
  "IDB-HOLD-016": "no transactions",
  "IDB-IN-008": "it is told no format",
  "binding-missing": "whether a copy will do stands in the trust list",
};
const table = [
  ["SDJWTException", /JWT is expired/, "time.expired"],
  ["SDJWTException", /JWT is not yet valid/, "time.not_yet_valid"],
  ["SDJWTException", /Key Binding JWT not exist/, "holder.binding_missing"],
  ["SDJWTException", /Invalid Nonce/, "holder.nonce_mismatch"],
  ["SDJWTException", /Invalid sd_hash/, "holder.sd_hash_mismatch"],
  ["SDJWTException", /Invalid disclosure data/, "sd_jwt.disclosure_malformed"],
  ["SDJWTException", /Invalid JWT as input/, "input.malformed"],
  ["Error", /Digest method not supported/, "sd_jwt.alg_unsupported"],
  ["SDJWTException", /Missing required claim keys: vct/, "sd_jwt.vct_invalid"],
];

function issuerKey(question) {
  const token = question.credential.split("~")[0];
  const [header, { iss }] = [part(token, 0), part(token, 1)];
  if (header.x5c) {
    const leaf = new X509Certificate(Buffer.from(header.x5c[0], "base64"));
    return anchorsOf(question, FORM, iss).some((one) => leaf.verify(one.publicKey)) ? leaf.publicKey : undefined;
  }
  const fitting = keysOf(question, iss, FORM).filter((key) => header.kid === undefined || key.kid === header.kid);
  return fitting.length ? publicKey(fitting[0]) : undefined;
}

// Whether a signature is good; what there is no key for, or no key of a kind that signs, is not.
function isSigned(key, text, signature) {
  if (key === undefined) return false;
  const hashes = { prime256v1: "sha256", secp384r1: "sha384", secp521r1: "sha512" };
  const hash = key.asymmetricKeyType === "ed25519" ? null : hashes[key.asymmetricKeyDetails.namedCurve];
  return verify(hash, Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
}

async function judge(question) {
  const instance = new SDJwtVcInstance({
    hasher: digest,
    hashAlg: "sha-256",
    verifier: (text, signature) => isSigned(issuerKey(question), text, signature),
    kbVerifier: (text, signature, payload) =>
      isSigned(payload.cnf?.jwk && publicKey(payload.cnf.jwk), text, signature),
  });
  await called(
    () =>
      instance.verify(question.credential, {
        currentDate: Math.floor(question.at.getTime() / 1000),
        skewSeconds: LEEWAY,
        requiredClaimKeys: ["vct"],
        ...(question.expected.nonce ? { keyBindingNonce: question.expected.nonce } : {}),
      }),
    table,
  );
}

await answer({ library: "@sd-jwt/sd-jwt-vc", declined, judge });
