# Every target does all its own set-up. `make help` prints this file's own comments.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: install engines demo test check format bench fuzz chaos vectors e2e conformance mutants promises fresh lock reference clean help

BIN := .venv/bin
PYTEST_ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder
MUTATIONS ?= 100000
SECONDS ?= 20

install: ## make .venv with everything to develop and test
	@scripts/bootstrap.sh all

engines: ## bring the real engines that tests need
	@scripts/bootstrap.sh all
	@scripts/engines.sh

demo: ## run every sandbox case once and print the table
	@scripts/bootstrap.sh runtime
	@$(BIN)/idbridge demo --once
	@echo "idbridge: to keep the region running: $(BIN)/idbridge demo" >&2

test: ## run all tests, with the real engines they need
	@scripts/bootstrap.sh all
	@scripts/engines.sh
	@scripts/scratch.sh $(BIN)/pytest $(PYTEST_ARGS)

check: ## lint, types, layers, spelling and schemas; changes nothing
	@scripts/bootstrap.sh all
	@scripts/check.sh

format: ## let ruff lay out the code
	@scripts/bootstrap.sh all
	@$(BIN)/ruff check --fix --quiet . && $(BIN)/ruff format --quiet .

bench: ## measure verification as multiples of one P-256 verification
	@scripts/bootstrap.sh all
	@$(BIN)/python -m benchmarks

fuzz: ## fuzz parsers for SECONDS, damage documents, put logs to judges
	@scripts/bootstrap.sh all
	@$(BIN)/python -m tests.fuzz $(SECONDS)
	@IDBRIDGE_MUTATIONS=$(MUTATIONS) scripts/scratch.sh $(BIN)/pytest -n 2 -q --timeout 0 -k mutat tests/trust
	@scripts/engines.sh
	@IDBRIDGE_LOG_SIZE=300 scripts/scratch.sh $(BIN)/pytest -q tests/tlog/test_judges.py

chaos: ## kill at every step, then break all that a node relies on
	@scripts/bootstrap.sh all
	@scripts/engines.sh
	@IDBRIDGE_KILLS=all IDBRIDGE_MODEL_RUNS=200 scripts/scratch.sh $(BIN)/pytest -n 2 -q --timeout 0 tests/trust/test_store_crash.py \
	  tests/trust/distribution/test_publish_crash.py tests/trust/distribution/test_model.py \
	  tests/trust/distribution/test_thirty_days.py tests/evidence/test_crash.py \
	  tests/evidence/test_model.py
	@scripts/scratch.sh $(BIN)/python -m tests.chaos

vectors: ## judge every file of public vectors and print the table
	@scripts/bootstrap.sh all
	@$(BIN)/python -m tests.judges

e2e: ## let real clients, providers, wallets and a browser walk every flow
	@scripts/bootstrap.sh all
	@scripts/engines.sh
	@$(BIN)/python -m tests.e2e

conformance: ## put our own implementations to the conformance suite
	@scripts/bootstrap.sh all
	@scripts/engines.sh
	@scripts/scratch.sh $(BIN)/python -m tests.conformance

mutants: ## let the conformance suite catch every broken implementation
	@scripts/bootstrap.sh all
	@scripts/scratch.sh $(BIN)/idbridge conformance mutants

promises: ## prove the five promises, one command each
	@scripts/bootstrap.sh all
	@scripts/engines.sh
	@$(BIN)/python scripts/promises.py

fresh: ## prove `make demo` and `make test` on an empty Debian 12 (root)
	@scripts/fresh.sh

lock: ## write the lock files anew; UPGRADE=1 moves the pins
	@scripts/bootstrap.sh all
	@scripts/lock.sh

reference: ## write the generated pages of docs/reference anew
	@scripts/bootstrap.sh all
	@$(BIN)/python scripts/gen_reference.py
	@$(BIN)/python scripts/gen_cli_reference.py
	@$(BIN)/python scripts/gen_code_map.py
	@$(BIN)/python scripts/gen_data_protection.py

clean: ## remove caches and the environment
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/node/node_modules

help: ## print this table
	@echo "make TARGET"
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)$$/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r name words; do printf '%-12s %s\n' "$$name" "$$words"; done
