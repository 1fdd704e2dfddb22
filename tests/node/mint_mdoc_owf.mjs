// Issues an mdoc with @owf/mdoc and presents it over OpenID4VP 1.0, as an issuer and a wallet that are not ours would.
// Reads one JSON object from standard input and prints one to standard output:
// in  {doc_type, name_space, claims, present: [names], signer: private JWK, certificate: DER in base64,
//      signed, valid_until, client_id, response_uri, origin, nonce}; with `origin` the Digital Credentials API is used
// out {response, alone}: a DeviceResponse and an IssuerSigned in base64url; the device's key is made here.
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { readFileSync } from "node:fs";
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

const ask = JSON.parse(readFileSync(0, "utf8"));
const HASHES = { "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" };
const context = {
  crypto: {
    random: (length) => new Uint8Array(randomBytes(length)),
    digest: ({ digestAlgorithm, bytes }) =>
      new Uint8Array(createHash(HASHES[digestAlgorithm]).update(bytes).digest()),
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
const publicKey = DeviceKey.fromJwk({ ...device.publicKey.export({ format: "jwk" }), alg: "ES256" });
const privateKey = CoseKey.fromJwk({ ...device.privateKey.export({ format: "jwk" }), alg: "ES256" });

const issuer = new Issuer(ask.doc_type, context);
issuer.addIssuerNamespace(ask.name_space, ask.claims);
const issuerSigned = await issuer.sign({
  signingKey: CoseKey.fromJwk({ ...ask.signer, alg: "ES256" }),
  algorithm: SignatureAlgorithm.ES256,
  digestAlgorithm: "SHA-256",
  certificates: [new Uint8Array(Buffer.from(ask.certificate, "base64"))],
  deviceKeyInfo: { deviceKey: publicKey },
  validityInfo: {
    signed: new Date(ask.signed),
    validFrom: new Date(ask.signed),
    validUntil: new Date(ask.valid_until),
  },
});

const itemsRequest = ItemsRequest.create({
  docType: ask.doc_type,
  namespaces: { [ask.name_space]: Object.fromEntries(ask.present.map((name) => [name, false])) },
});
const deviceRequest = DeviceRequest.create({ docRequests: [DocRequest.create({ itemsRequest })] });
const sessionTranscript = ask.origin
  ? await SessionTranscript.forOid4VpDcApi({ origin: ask.origin, nonce: ask.nonce }, context)
  : await SessionTranscript.forOid4Vp(
      { clientId: ask.client_id, nonce: ask.nonce, responseUri: ask.response_uri },
      context,
    );
const response = await Holder.createDeviceResponseForDeviceRequest(
  { deviceRequest, sessionTranscript, issuerSigned: [issuerSigned], signature: { signingKey: privateKey } },
  context,
);

const text = (octets) => Buffer.from(octets).toString("base64url");
console.log(JSON.stringify({ response: text(response.encode()), alone: text(issuerSigned.encode()) }));
