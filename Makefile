# Everything that is done more than once. `make` lists it.
#
# Tools and build products live outside the clone, in SUSTAINABLE_CACHE, so that a fresh clone on the
# same machine starts warm.

SUSTAINABLE_CACHE ?= $(HOME)/.cache/terraform-provider-sustainable
CARGO_TARGET_DIR ?= $(SUSTAINABLE_CACHE)/target
export SUSTAINABLE_CACHE CARGO_TARGET_DIR

BIN := $(SUSTAINABLE_CACHE)/bin
VENV := $(SUSTAINABLE_CACHE)/venv/bin
PACKAGE := terraform-provider-sustainable
export SUSTAINABLE_PROVIDER ?= $(CARGO_TARGET_DIR)/debug/$(PACKAGE)
PYTEST := PYTHONDONTWRITEBYTECODE=1 $(VENV)/python -m pytest
WORKERS ?= 3

say = @printf '\n== %s  %s\n' "$$(date +%T)" '$(1)'

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build demo test bench catalog docs fmt lint licences unit docs-check release-check emulator-test e2e test-faults release-snapshot requirements clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: ## put the pinned tools of the tests into SUSTAINABLE_CACHE
	@scripts/setup.sh

build: ## build the provider (debug)
	cargo build --locked -p $(PACKAGE)

demo: build ## plan, apply, plan again, destroy the BERT scenario against the emulator
	@scripts/setup.sh python_environment
	@$(VENV)/python scripts/demo.py

test: setup lint licences unit docs-check release-check emulator-test e2e ## everything a change has to pass
	$(call say,all passed)

fmt: ## format the code
	cargo fmt --all
	$(BIN)/tofu fmt -recursive examples
	$(VENV)/ruff format tests scripts examples
	$(VENV)/ruff check --fix tests scripts examples

lint: ## check format and lints
	$(call say,format and lints)
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	$(VENV)/ruff check tests scripts examples
	$(VENV)/ruff format --check tests scripts examples
	$(BIN)/tofu fmt -check -recursive examples

licences: ## check the licences and sources of what is linked
	$(call say,licences)
	cargo fetch --locked --quiet # other platforms' crates too: the check below asks no registry
	$(BIN)/cargo-deny --offline --locked check licenses bans sources

unit: ## run the tests of the crates, and of the sources themselves
	$(call say,unit and protocol tests)
	cargo build --locked --workspace --all-targets
	SUSTAINABLE_SKIP_NOTHING=1 TOFU=$(BIN)/tofu PYTHON=$(VENV)/python \
		$(VENV)/python scripts/with_emulator.py cargo test --locked --workspace
	$(PYTEST) -q -p no:cacheprovider tests/architecture tests/examples

docs: ## generate the reference pages in docs/
	@scripts/docs.sh write

docs-check: ## check that docs/ is up to date and in the registry's form
	$(call say,documentation)
	@scripts/docs.sh check

release-check: ## check the release configuration
	$(call say,release configuration)
	@scripts/goreleaser.sh check

release-snapshot: ## build the release archive of this machine's platform, unsigned
	@scripts/setup.sh goreleaser
	SUSTAINABLE_SNAPSHOT_HOST=1 scripts/goreleaser.sh release --snapshot --clean --skip=sign,publish

emulator-test: ## test the AWS emulator
	$(call say,emulator)
	cd tests/emulator && $(PYTEST) -q -p no:cacheprovider

e2e: ## run the end-to-end tests with terraform and tofu; ARGS go to pytest
	$(call say,end to end)
	cd tests/e2e && $(PYTEST) -n $(WORKERS) --dist=worksteal --durations=15 $(ARGS)

test-faults: setup build ## every fault at every AWS call of every phase, every policy with one permission less: hundreds of runs
	$(call say,fault matrix and permissions)
	cd tests/e2e && $(PYTEST) -n $(WORKERS) --dist=worksteal -m matrix test_faults.py test_least_privilege.py $(ARGS)

bench: ## measure, side by side; ARGS go to the script
	@scripts/setup.sh python_environment
	@$(VENV)/python tests/bench/bench.py $(ARGS)

catalog: ## turn the data files into tables, and validate the figures
	cargo run --locked -q -p sustainable-catalog --example generate
	cargo test --locked -p sustainable-catalog

requirements: ## pin tests/requirements.in with hashes
	$(VENV)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --output-file tests/requirements.txt tests/requirements.in

clean: ## remove build products; the tools stay
	cargo clean
	rm -rf dist
