// The four verbs of the command-line protocol of the conformance suite, for scripts that put a library behind them.
// A refusal is what the library threw, by the table of the script or as `unknown.<error>`; whatever else goes wrong
// ends the process otherwise than a verdict does, so that no bug of a script is taken for a refusal.
import { createPublicKey, X509Certificate } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const UNDECIDED = new Set(["jose.kid_unknown", "status.unavailable"]);
const EXITS = { PASSED: 0, FAILED: 1, INDETERMINATE: 3 };
const BROKEN = 70; // how a process ends that has no verdict
const read = (...path) => JSON.parse(readFileSync(join(...path), "utf8"));

export class Refused extends Error {}

// What the library answers. Throws Refused with the code of the first row [class, pattern, code] that fits.
export async function called(library, table) {
  try {
    return await library();
  } catch (error) {
    const kind = (error?.constructor?.name ?? "Error").replace(/^_+/, "");
    const row = table.find(([name, pattern]) => name === kind && pattern.test(error.message));
    throw new Refused(row ? row[2] : `unknown.${error?.code ?? kind}`, { cause: error });
  }
}

// Declares the first `last` requirements of an area, each by its name: an area that is no feature is declared no other way.
export function numbered(area, last, why) {
  const number = (_, at) => [`${area}-${String(at + 1).padStart(3, "0")}`, why];
  return Object.fromEntries(Array.from({ length: last }, number));
}

// Answers the verb on the command line. `declined` says by tag or requirement why the library cannot be asked that.
export async function answer(adapter) {
  try {
    await answered(adapter);
  } catch (bug) {
    console.error(bug);
    process.exitCode = BROKEN;
  }
}

async function answered({ library, declined, judge }) {
  const [verb, ...rest] = process.argv.slice(2);
  const given = Object.fromEntries(rest.map((word, at) => [word, rest[at + 1]]).filter((_, at) => at % 2 === 0));
  if (verb === "describe") {
    const { version } = read(import.meta.dirname, "node_modules", library, "package.json");
    return end({ name: library, version, not_implemented: Object.keys(declined).sort() }, 0);
  }
  const state = given["--state"];
  if (verb === "load") {
    for (const name of ["keys.json", "parties.json"]) copyFileSync(join(given["--material"], name), join(state, name));
    writeFileSync(join(state, "at"), given["--at"]);
    return end({ indication: "PASSED", code: null }, 0);
  }
  if (verb !== "verify") throw new Error(`there is no verb ${verb}`);
  const { relying_party, request } = read(given["--input"]);
  const question = {
    request,
    credential: request.credential,
    expected: request.expected ?? {},
    party: read(state, "parties.json")[relying_party],
    services: Object.values(read(state, "keys.json")),
    at: new Date(readFileSync(join(state, "at"), "utf8")),
  };
  try {
    await judge(question);
  } catch (refusal) {
    if (!(refusal instanceof Refused)) throw refusal;
    console.error(String(refusal.cause));
    return told(UNDECIDED.has(refusal.message) ? "INDETERMINATE" : "FAILED", refusal.message);
  }
  return told("PASSED", null);
}

// The listed keys of an issuer for a format, as JWKs.
export const keysOf = (question, issuer, form) =>
  question.services.filter((one) => one.issuer === issuer && one.formats.includes(form)).flatMap((one) => one.jwks);

// The certificates that are listed for a format, of one issuer or of all.
export const anchorsOf = (question, form, issuer) =>
  question.services
    .filter((one) => one.formats.includes(form) && (issuer === undefined || one.issuer === issuer))
    .flatMap((one) => one.certificates)
    .map((text) => new X509Certificate(Buffer.from(text, "base64")));

// The unverified JSON object in one part of a signed token; an empty one if there is none.
export function part(token, at) {
  try {
    return JSON.parse(Buffer.from(token.split(".")[at], "base64url").toString("utf8")) ?? {};
  } catch {
    return {};
  }
}

export const publicKey = (jwk) => createPublicKey({ key: jwk, format: "jwk" });

function told(indication, code) {
  end({ indication, code }, EXITS[indication]);
}

function end(document, code) {
  process.stdout.write(`${JSON.stringify(document)}\n`);
  process.exitCode = code;
}
