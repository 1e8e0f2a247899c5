# Two commands do all the set-up on a fresh Debian-like machine: `make demo` and `make test`.
# `make help` lists the rest.

CARGO ?= cargo
# Written by `make demo`, and made anew each time.
DEMO := demo-out
TARGET := $(or $(CARGO_TARGET_DIR),target)
# One selection of packages and features for all that `make test` builds, so that nothing is built twice.
WORKSPACE := --workspace --features ocellus-trainer/wgpu,ocellus-trainer/s3,ocellus/v4l2,ocellus/tpm,ocellus/window
ALL := $(WORKSPACE) --all-targets
# The linter compiles as the compiler does: what is tested is compiled once, and linted on the way.
LINTED := unit firmware-test vm-test arm64-test gpu-check bench
$(LINTED): export RUSTC_WORKSPACE_WRAPPER := clippy-driver
$(LINTED): export CLIPPY_ARGS := -D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__
# Where scripts/firmware.sh puts the controller's program.
FIRMWARE := $(abspath $(TARGET))/firmware/thumbv6m-none-eabi/release/ocellus-firmware
export PATH := $(HOME)/.cargo/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo test format lint unit firmware firmware-test vm-test gpu-check bench arm64-test fuzz sbom deb doc clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing (or say the exact command when not root)
	@scripts/setup.sh build

demo: setup ## live a whole encounter on practice eyes; screens and result in demo-out/
	@rm -rf $(DEMO)
	$(CARGO) run -p ocellus -- demo --out $(DEMO)

test: ## everything CI runs: format, clippy, tests of every crate, whole-system tests, the GPU code on a software GPU, the device in software
	@scripts/setup.sh test
	@scripts/setup.sh gpu
	@scripts/setup.sh firmware
	@scripts/setup.sh vm
	@$(MAKE) --no-print-directory format unit gpu-check vm-test

format: ## whether the code is formatted, and Cargo.lock as Cargo.toml wants it
	$(CARGO) metadata --locked --format-version 1 >/dev/null
	$(CARGO) fmt --all --check

lint: format ## format and clippy without tests, for the quick look while writing
	$(CARGO) clippy --quiet $(ALL) -- -D warnings
	scripts/firmware.sh lint

unit: firmware ## lints; tests of every crate, of both programs as a user runs them, and of the firmware on an emulated controller
	scripts/firmware.sh lint
	$(CARGO) test --quiet $(ALL) --no-run
	OCELLUS_FIRMWARE=$(FIRMWARE) $(CARGO) test $(WORKSPACE)

firmware: ## build the controller's program for its microcontroller
	@scripts/setup.sh firmware
	scripts/firmware.sh build

firmware-test: firmware ## the controller's program on an emulated microcontroller, as the device meets it
	OCELLUS_FIRMWARE=$(FIRMWARE) $(CARGO) test $(WORKSPACE) --test controller

vm-test: firmware ## the whole device on a PC in software: camera, panel, touch screen, scanner, controller, disk; and each driver
	OCELLUS_FIRMWARE=$(FIRMWARE) scripts/vm.sh test $(WORKSPACE)

gpu-check: ## a training step's loss and gradients agree between processor and GPU code
	@scripts/setup.sh gpu
	$(CARGO) test --quiet $(ALL) --no-run
	scripts/with-software-gpu.sh $(TARGET)/debug/ocellus-trainer device-check --device wgpu

bench: ## how long each step takes (let nothing else run meanwhile)
	@scripts/setup.sh test
	$(CARGO) bench $(WORKSPACE) --profile dev

arm64-test: firmware ## on ARM64 in software a photograph becomes the same bytes, and a patient is screened on a whole board
	scripts/arm64.sh contract
	OCELLUS_FIRMWARE=$(FIRMWARE) scripts/arm64.sh device $(WORKSPACE)

fuzz: ## fuzz every parser, ten minutes each (needs a nightly compiler and cargo-fuzz)
	scripts/fuzz.sh 10

sbom: ## what the programs are built from, as CycloneDX, in target/sbom/
	@scripts/setup.sh build
	scripts/sbom.sh

deb: ## a Debian package of the device program, in target/debian/
	@scripts/setup.sh test
	scripts/deb.sh

doc: ## the crates' documentation
	$(CARGO) doc --workspace --no-deps

clean: ## remove what was built
	$(CARGO) clean
