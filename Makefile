# Two commands do all the set-up on a fresh Debian-like machine: `make demo` and `make test`.
# `make help` lists the rest.

CARGO ?= cargo
OUT ?= demo-out
# Python tools that the checks compare with live in their own folder, never in the system.
VENV ?= target/check-venv
export PATH := $(HOME)/.cargo/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint unit gpu-check parity bench doc clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing (or say the exact command when not root)
	@scripts/setup.sh build

demo: setup ## run a whole encounter on practice eyes and leave the panel's pictures in demo-out/
	$(CARGO) run --quiet -p ocellus -- demo --out $(OUT)

test: ## everything CI runs: lints, tests of every crate, whole-system tests, comparison with other engines
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory lint unit

lint: ## format and clippy, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --quiet --workspace --all-targets --features ocellus-tests/wgpu -- -D warnings

unit: ## tests of every crate and of both programs as a user runs them
	OCELLUS_PYTHON="$(abspath $(VENV))/bin/python" scripts/with-software-gpu.sh \
		$(CARGO) test --workspace --features ocellus-tests/wgpu

bench: setup ## speed, measured by criterion
	$(CARGO) bench --workspace

doc: ## the crates' documentation
	$(CARGO) doc --workspace --no-deps

clean: ## remove what was built
	$(CARGO) clean
