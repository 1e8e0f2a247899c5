# Two commands do all the set-up on a fresh Debian-like machine: `make demo` and `make test`.
# `make help` lists the rest.

CARGO ?= cargo
# Written by `make demo`, and made anew each time.
DEMO := demo-out
export PATH := $(HOME)/.cargo/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint unit doc clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing (or say the exact command when not root)
	@scripts/setup.sh build

demo: setup ## live a whole encounter on practice eyes; screens and result in demo-out/
	@rm -rf $(DEMO)
	$(CARGO) run -p ocellus -- demo --out $(DEMO)

test: ## everything CI runs: format, clippy, tests of every crate and whole-system tests
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory lint unit

lint: ## format and clippy, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --quiet --workspace --all-targets -- -D warnings

unit: ## tests of every crate and of the device program as a user runs it
	$(CARGO) test --workspace

doc: ## the crates' documentation
	$(CARGO) doc --workspace --no-deps

clean: ## remove what was built
	$(CARGO) clean
