// Answers a real request of a gateway as a wallet that is not ours would: @openid4vc/openid4vp fetches the request object,
// verifies it against the one authority that the wallet knows, and sends the answer; the credential is made and presented
// by @sd-jwt/sd-jwt-vc or @owf/mdoc. Reads one JSON object from standard input and prints one to standard output:
// in  {link, authority: PEM, tamper: "" | "request" | "presentation", sd_jwt: {signer: PEM, kid, issuer, vct, iat, exp,
//      claims, disclose, present} or mdoc: {signer: PEM, certificate: DER in base64, doc_type, claims, present, signed,
//      valid_until}}
// out {prefix, mode, method, status, body} of a request that it answered, {refused} of one that it did not
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { setGlobalConfig } from "@openid4vc/oauth2";
import { Openid4vpClient } from "@openid4vc/openid4vp";
import {
  CoseKey,
  DeviceKey,
  DeviceRequest,
  DocRequest,
  Holder,
  Issuer,
  ItemsRequest,
  SessionTranscript,
  SignatureAlgorithm,
} from "@owf/mdoc";
import { digest, ES256, generateSalt } from "@sd-jwt/crypto-nodejs";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import { calculateJwkThumbprint, CompactEncrypt, compactVerify, exportJWK, importJWK } from "jose";

setGlobalConfig({ allowInsecureUrls: true }); // the gateway of a test has no certificate of its own on this machine
const ask = JSON.parse(readFileSync(0, "utf8"));
const authority = new X509Certificate(ask.authority);
const certificate = (text) => new X509Certificate(Buffer.from(text, "base64"));
const jwkOf = (pem) => createPrivateKey(pem).export({ format: "jwk" });
const publicPart = ({ kty, crv, x, y }) => ({ kty, crv, x, y });
let method = "";

const callbacks = {
  fetch: async (url, options) => {
    const answer = await fetch(url, options);
    if (!String(url).includes("/wallet/request/")) return answer;
    method = options.method;
    let text = await answer.text();
    if (ask.tamper === "request") {
      const [header, payload, signature] = text.split(".");
      const claims = JSON.parse(Buffer.from(payload, "base64url"));
      claims.response_uri = "https://evil.example/";
      text = [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
    }
    return new Response(text, { status: answer.status, headers: answer.headers });
  },
  verifyJwt: async (signer, { compact }) => {
    const leaf = certificate(signer.x5c[0]);
    if (signer.x5c.length !== 1 || !leaf.checkIssued(authority) || !leaf.verify(authority.publicKey)) {
      return { verified: false };
    }
    try {
      await compactVerify(compact, leaf.publicKey, { algorithms: ["ES256"] });
    } catch {
      return { verified: false };
    }
    return { verified: true, signerJwk: await exportJWK(leaf.publicKey) };
  },
  hash: (data, alg) => new Uint8Array(createHash(alg.replace("-", "")).update(data).digest()),
  generateRandom: (length) => new Uint8Array(randomBytes(length)),
  getX509CertificateMetadata: (text) => ({
    sanDnsNames: (certificate(text).subjectAltName ?? "").split(", ").map((name) => name.replace(/^DNS:/, "")),
    sanUriNames: [],
  }),
  encryptJwe: async (encryptor, data) => {
    const header = { alg: encryptor.alg, enc: encryptor.enc, kid: encryptor.publicJwk.kid };
    const sealed = new CompactEncrypt(new TextEncoder().encode(data)).setProtectedHeader(header);
    return { jwe: await sealed.encrypt(await importJWK(encryptor.publicJwk, encryptor.alg)), encryptionJwk: encryptor.publicJwk };
  },
};

const presentSdJwt = async (request, made) => {
  const holder = await ES256.generateKeyPair();
  const common = { hasher: digest, hashAlg: "sha-256", saltGenerator: generateSalt };
  const issuer = new SDJwtVcInstance({ ...common, signer: await ES256.getSigner(jwkOf(made.signer)), signAlg: "ES256" });
  const credential = await issuer.issue(
    {
      iss: made.issuer,
      vct: made.vct,
      iat: made.iat,
      exp: made.exp,
      cnf: { jwk: publicPart(holder.publicKey) },
      ...made.claims,
    },
    { _sd: made.disclose },
    { header: { kid: made.kid } },
  );
  const kbSigner = await ES256.getSigner(holder.privateKey);
  const wallet = new SDJwtVcInstance({ ...common, kbSigner, kbSignAlg: "ES256" });
  const presentation = await wallet.present(credential, Object.fromEntries(made.present.map((name) => [name, true])), {
    kb: { payload: { iat: made.iat, aud: request.client_id, nonce: request.nonce } },
  });
  if (ask.tamper !== "presentation") return presentation;
  return presentation.slice(0, -6) + (presentation.slice(-6) === "AAAAAA" ? "BBBBBB" : "AAAAAA");
};

const presentMdoc = async (request, made) => {
  const context = {
    crypto: {
      random: (length) => new Uint8Array(randomBytes(length)),
      digest: ({ bytes }) => new Uint8Array(createHash("sha256").update(bytes).digest()),
    },
    cose: {
      sign1: {
        sign: ({ toBeSigned, key }) => {
          const privateKey = createPrivateKey({ key: key.jwk, format: "jwk" });
          return new Uint8Array(sign("sha256", toBeSigned, { key: privateKey, dsaEncoding: "ieee-p1363" }));
        },
      },
    },
  };
  const device = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const deviceKey = DeviceKey.fromJwk({ ...device.publicKey.export({ format: "jwk" }), alg: "ES256" });
  const signingKey = CoseKey.fromJwk({ ...device.privateKey.export({ format: "jwk" }), alg: "ES256" });
  const issuer = new Issuer(made.doc_type, context);
  issuer.addIssuerNamespace(made.doc_type, made.claims);
  const issuerSigned = await issuer.sign({
    signingKey: CoseKey.fromJwk({ ...jwkOf(made.signer), alg: "ES256" }),
    algorithm: SignatureAlgorithm.ES256,
    digestAlgorithm: "SHA-256",
    certificates: [new Uint8Array(Buffer.from(made.certificate, "base64"))],
    deviceKeyInfo: { deviceKey },
    validityInfo: {
      signed: new Date(made.signed),
      validFrom: new Date(made.signed),
      validUntil: new Date(made.valid_until),
    },
  });
  const namespaces = { [made.doc_type]: Object.fromEntries(made.present.map((name) => [name, false])) };
  const itemsRequest = ItemsRequest.create({ docType: made.doc_type, namespaces });
  const deviceRequest = DeviceRequest.create({ docRequests: [DocRequest.create({ itemsRequest })] });
  const jwk = request.client_metadata.jwks?.keys[0];
  const sessionTranscript = await SessionTranscript.forOid4Vp(
    {
      clientId: request.client_id,
      nonce: ask.tamper === "presentation" ? "another-nonce" : request.nonce,
      responseUri: request.response_uri,
      ...(jwk ? { jwkThumbprint: new Uint8Array(Buffer.from(await calculateJwkThumbprint(jwk), "base64url")) } : {}),
    },
    context,
  );
  const response = await Holder.createDeviceResponseForDeviceRequest(
    { deviceRequest, sessionTranscript, issuerSigned: [issuerSigned], signature: { signingKey } },
    context,
  );
  return Buffer.from(response.encode()).toString("base64url");
};

const client = new Openid4vpClient({ callbacks });
const { params } = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: ask.link });
let resolved;
try {
  resolved = await client.resolveOpenId4vpAuthorizationRequest({ authorizationRequestPayload: params });
} catch (error) {
  console.log(JSON.stringify({ refused: error.message }));
  process.exit(0);
}
const request = resolved.authorizationRequestPayload;
const presentation = ask.mdoc ? await presentMdoc(request, ask.mdoc) : await presentSdJwt(request, ask.sd_jwt);
const encrypted = request.response_mode === "direct_post.jwt";
const answered = await client.createOpenid4vpAuthorizationResponse({
  authorizationRequestPayload: request,
  authorizationResponsePayload: { vp_token: { [request.dcql_query.credentials[0].id]: [presentation] } },
  ...(encrypted
    ? {
        jarm: {
          encryption: {},
          serverMetadata: {
            authorization_encryption_alg_values_supported: ["ECDH-ES"],
            authorization_encryption_enc_values_supported: ["A256GCM"],
          },
        },
      }
    : {}),
});
const { response } = await client.submitOpenid4vpAuthorizationResponse({
  authorizationRequestPayload: request,
  authorizationResponsePayload: answered.authorizationResponsePayload,
  jarm: answered.jarm,
});
console.log(
  JSON.stringify({
    prefix: resolved.client.prefix,
    mode: request.response_mode,
    method,
    status: response.status,
    body: await response.json(),
  }),
);
