// npm `jose` behind the command-line protocol: `jwtVerify` of an ID token under the keys that are listed for its
// issuer, for the client that is registered there, at the instant of the case. It is a library for tokens and not for
// OpenID Connect: what Core demands beyond that is its caller's, and declared.
import { createLocalJWKSet, jwtVerify } from "jose";
import { answer, called, keysOf, numbered, part } from "./conformance_answering.mjs";

const LEEWAY = 60; // seconds, as the lists of the region say
const declined = {
  state: "it remembers nothing and counts no level",
  "sd-jwt-vc": "another format",
  mdoc: "another format",
  "w3c-vc": "another format",
  qr: "another format",
  assertion: "no assertions between states",
  "legal-person": "no mandates",
  presentation: "no answers of wallets",
  status: "no status lists",
  "IDB-IN-004": "the limits are ours",
  "IDB-IN-005": "the limits are ours",
  "IDB-RECOG": "no arrangements between states",
  "IDB-MAND": "no mandates",
  "IDB-POL": "no policies",
  ...numbered("IDB-ISS", 29, "its caller looks the issuer up"),
  "IDB-STAT": "no status lists",
  "IDB-HOLD-010": "it remembers no nonce",
  "IDB-IN-008": "it is told no format",
  "IDB-IN-009": "it is told no format",
  "IDB-TIME-004": "the leeway of an issuer stands in the trust list",
  "IDB-TIME-005": "the leeway of an issuer stands in the trust list",
  "login-at-an-unknown-time": "how long ago the login was is its caller's to judge",
  "userinfo-altered": "it is not asked about userinfo",
  "userinfo-signed-by-another": "it is not asked about userinfo",
  "userinfo-without-date": "it is not asked about userinfo",
  "IDB-TIME-014": "how long ago the login was is its caller's to judge",
};
const ofTheCaller = (area, from, to) => {
  for (let number = from; number <= to; number += 1) {
    declined[`IDB-${area}-${String(number).padStart(3, "0")}`] = "beyond a signed token, its caller's to judge";
  }
};
ofTheCaller("JOSE", 20, 25); // encryption: the caller opens what is nested
ofTheCaller("OIDC", 3, 5); // azp and nonce
ofTheCaller("OIDC", 7, 18); // subject, level, kinds of tokens, hashes, userinfo
ofTheCaller("OIDC", 20, 21);

const table = [
  ["JWTExpired", /"iat" claim timestamp check failed \(too far in the past\)/, "time.too_old"],
  ["JWTExpired", /./, "time.expired"],
  ["JWTClaimValidationFailed", /"nbf" claim timestamp/, "time.not_yet_valid"],
  ["JWTClaimValidationFailed", /"iat" claim timestamp check failed \(it should be in the past\)/, "time.issued_in_future"],
  ["JWTClaimValidationFailed", /missing required "(exp|iat|nbf)" claim/, "time.claim_missing"],
  ["JWTClaimValidationFailed", /missing required "sub" claim/, "oidc.subject_invalid"],
  ["JWTClaimValidationFailed", /missing required "aud" claim/, "oidc.audience_missing"],
  ["JWTClaimValidationFailed", /missing required "iss" claim/, "issuer.missing"],
  ["JWTClaimValidationFailed", /"(exp|iat|nbf)" claim must be a number/, "time.claim_malformed"],
  ["JWTInvalid", /"(exp|iat|nbf)" claim must be a number/, "time.claim_malformed"],
  ["JWTClaimValidationFailed", /unexpected "aud"/, "oidc.audience_mismatch"],
  ["JWTClaimValidationFailed", /unexpected "typ"/, "jose.typ_mismatch"],
  ["JOSEAlgNotAllowed", /./, "jose.alg_not_allowed"],
  ["JWKSNoMatchingKey", /./, "jose.kid_unknown"],
  ["JWKSMultipleMatchingKeys", /./, "jose.kid_missing"],
  ["JWSSignatureVerificationFailed", /./, "jose.signature_invalid"],
  ["JOSENotSupported", /Extension Header Parameter/, "jose.crit_unsupported"],
  ["JWSInvalid", /"crit"/, "jose.crit_unsupported"],
  ["JWSInvalid", /./, "input.malformed"],
  ["JWTInvalid", /./, "input.malformed"],
];

async function judge(question) {
  const issuer = part(question.credential, 1).iss;
  const keys = keysOf(question, issuer, "id_token");
  await called(
    () =>
      jwtVerify(question.credential, createLocalJWKSet({ keys }), {
        issuer,
        audience: question.party.clients[issuer] ?? [],
        algorithms: [...new Set(keys.map((key) => key.alg))],
        typ: "JWT",
        requiredClaims: ["iss", "sub", "aud", "exp", "iat"],
        maxTokenAge: "1 hour",
        currentDate: question.at,
        clockTolerance: LEEWAY,
      }),
    table,
  );
}

await answer({ library: "jose", declined, judge });
