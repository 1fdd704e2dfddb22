#!/usr/bin/env bash
# Looks at the whole tree and changes nothing. Runs every check even if one fails, so that one run tells all.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=()
check() {
  local name=$1 started=$EPOCHREALTIME output
  shift
  if output=$("$@" 2>&1); then
    printf '%-14s ok    %5.1f s\n' "$name" "$(elapsed "$started")"
  else
    printf '%-14s FAIL  %5.1f s\n%s\n' "$name" "$(elapsed "$started")" "$output"
    failed+=("$name")
  fi
}

elapsed() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }'; }

bin=.venv/bin
check ruff "$bin/ruff" check --quiet .
check format "$bin/ruff" format --check --quiet .
check types "$bin/mypy"
check layers "$bin/lint-imports"
check spelling "$bin/codespell"
check compose "$bin/check-jsonschema" --builtin-schema vendor.compose-spec compose.yaml
check lists "$bin/check-jsonschema" --schemafile trust_lists/list.schema.json trust_lists/??/list.toml
check reference "$bin/python" scripts/gen_reference.py --check
check cli-pages "$bin/python" scripts/gen_cli_reference.py --check
check code-map "$bin/python" scripts/gen_code_map.py --check
check data-page "$bin/python" scripts/gen_data_protection.py --check

if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}"
  exit 1
fi
