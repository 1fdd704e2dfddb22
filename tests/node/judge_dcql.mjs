// Judges DCQL presentations with the npm package `dcql`, all in one process. Reads one JSON object from standard input
// and prints one to standard output:
// in  {cases: [{query, presentation: {id: [credential]}}]}
// out {outcomes: ["satisfied" | "unsatisfied" | "malformed" | "broken"]}; "broken" if it trips over its own code
import { readFileSync } from "node:fs";
import { DcqlPresentationResult, DcqlPresentationResultError, DcqlQuery } from "dcql";

function judged({ query, presentation }) {
  let parsed;
  try {
    parsed = DcqlQuery.parse(query);
    DcqlQuery.validate(parsed);
  } catch {
    return "malformed";
  }
  try {
    const result = DcqlPresentationResult.fromDcqlPresentation(presentation, { dcqlQuery: parsed });
    return result.can_be_satisfied ? "satisfied" : "unsatisfied";
  } catch (error) {
    // It throws for what no query asked for, and one of several claim sets that fails can make it merge messages.
    return error instanceof DcqlPresentationResultError ? "unsatisfied" : "broken";
  }
}

const { cases } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify({ outcomes: cases.map(judged) }));
