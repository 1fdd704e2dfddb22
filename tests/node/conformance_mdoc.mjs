// npm `@owf/mdoc` behind the command-line protocol: `Verifier.verifyDeviceResponse` with the session transcript of
// OpenID4VP 1.0. The library leaves cryptography and the path of certificates to a context of its caller: here the
// signature of the leaf under a listed authority and the dates of both, and no more; what is demanded of certificates
// is therefore declared.
import { createHash, verify, X509Certificate } from "node:crypto";
import { CoseKey, SessionTranscript, Verifier } from "@owf/mdoc";
import { anchorsOf, answer, called, numbered, publicKey, Refused } from "./conformance_answering.mjs";

const LEEWAY = 60; // seconds, as the lists of the region say
const HASHES = { "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" };
const declined = {
  state: "it remembers nothing and counts no level",
  "id-token": "another format",
  "sd-jwt-vc": "another format",
  "w3c-vc": "another format",
  qr: "another format",
  assertion: "no assertions between states",
  "legal-person": "no mandates",
  status: "no status lists",
  ...numbered("IDB-ISS", 29, "its caller judges certificates"),
  "IDB-IN-004": "the limits are ours",
  "IDB-IN-005": "the limits are ours",
  "IDB-COSE-003": "its caller verifies signatures",
  "IDB-RECOG": "no arrangements between states",
  "IDB-MAND": "no mandates",
  "IDB-POL": "no policies",
  "IDB-QUERY": "no queries of OpenID4VP",
  "IDB-HOLD-001": "it is not told whether a proof is needed",
  "IDB-HOLD-010": "it remembers no nonce",
  "IDB-HOLD-015": "no transactions",
  "IDB-IN-006": "its caller judges certificates",
  "IDB-MDOC-015": "its caller names the session",
  "IDB-MDOC-022": "its caller names the session",
  "IDB-MDOC-023": "its caller names the session",
};
const table = [
  ["MdlError", /Issuer auth signature is invalid/, "jose.signature_invalid"],
  ["MdlError", /MSO signed date .* must be within the validity period/, "mdoc.signed_outside_certificate"],
  ["MdlError", /calculated digest .* must match/, "mdoc.digest_mismatch"],
  ["MdlError", /must include digests for namespace/, "mdoc.digest_unknown"],
  ["MdlError", /issuing_country|issuing_jurisdiction/, "mdoc.country_mismatch"],
  ["MdlError", /Device signature must be valid/, "holder.signature_invalid"],
  ["MdlError", /Ephemeral private key must be present/, "mdoc.mac_key_missing"],
  ["MdlError", /deviceAuth|Device Auth|Device MAC/, "mdoc.device_auth_invalid"],
  ["MdlError", /at least one document|"version" element/, "mdoc.response_status"],
  ["ValidationError", /MobileSecurityObject/, "mdoc.mso_invalid"],
  ["ValidationError", /ValidityInfo\n.*to be defined/, "time.claim_missing"],
  ["ValidationError", /Device(Signed|Auth)/, "mdoc.device_auth_invalid"],
  ["Error", /^Data read, but end of buffer not reached/, "input.malformed"],
  ["CosePayloadMustBeDefinedError", /^/, "mdoc.mso_invalid"],
  ["CoseCertificateNotFoundError", /^/, "jose.header_forbidden"],
  ["CoseInvalidAlgorithmError", /^/, "jose.header_forbidden"],
];

const fields = (name) => Object.fromEntries(name.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
const parsed = (certificate) => new X509Certificate(certificate);
const context = {
  crypto: {
    digest: ({ digestAlgorithm, bytes }) =>
      new Uint8Array(createHash(HASHES[digestAlgorithm]).update(bytes).digest()),
  },
  cose: {
    sign1: {
      verify: ({ key, sign1 }) => {
        const hash = { "P-256": "sha256", "P-384": "sha384", "P-521": "sha512" }[key.jwk.crv] ?? null;
        const signer = { key: publicKey(key.jwk), dsaEncoding: "ieee-p1363" };
        return verify(hash, sign1.toBeSigned, signer, sign1.signature);
      },
    },
  },
  x509: {
    getIssuerNameField: ({ certificate, field }) => [fields(parsed(certificate).subject)[field]].filter(Boolean),
    getPublicKey: ({ certificate, alg }) =>
      CoseKey.fromJwk({ ...parsed(certificate).publicKey.export({ format: "jwk" }), alg }),
    verifyCertificateChain: ({ trustedCertificates, x5chain, now }) => {
      const leaf = parsed(x5chain[0]);
      const path = trustedCertificates.map(parsed).find((one) => leaf.verify(one.publicKey));
      const isCurrent = (one) => one.validFromDate <= now && now <= one.validToDate;
      if (!path || ![leaf, path].every(isCurrent)) throw new Error("no listed authority signed this certificate");
    },
    getCertificateData: ({ certificate }) => {
      const one = parsed(certificate);
      return {
        issuerName: one.issuer,
        subjectName: one.subject,
        serialNumber: one.serialNumber,
        thumbprint: one.fingerprint256,
        notBefore: one.validFromDate,
        notAfter: one.validToDate,
        pem: one.toString(),
      };
    },
  },
};

async function judge(question) {
  if (!/^[A-Za-z0-9_-]*$/.test(question.credential)) throw new Refused("input.malformed");
  const { nonce, session } = question.expected;
  const sessionTranscript = await SessionTranscript.forOid4Vp(
    { clientId: session.client_id, nonce, responseUri: session.response_uri },
    context,
  );
  await called(
    () =>
      Verifier.verifyDeviceResponse(
        {
          deviceResponse: new Uint8Array(Buffer.from(question.credential, "base64url")),
          sessionTranscript,
          trustedCertificates: anchorsOf(question, "mso_mdoc").map((one) => new Uint8Array(one.raw)),
          now: question.at,
          skewSeconds: LEEWAY,
        },
        context,
      ),
    table,
  );
}

await answer({ library: "@owf/mdoc", declined, judge });
