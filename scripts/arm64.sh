#!/usr/bin/env bash
# Builds the contract's tests for ARM64 with Debian's cross compiler and runs them in an emulated processor: what a
# photograph becomes is the same there, byte for byte (models/tests/platforms.rs).
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu
packages=(rustc-web cargo-web libstd-rust-web-dev libstd-rust-web-dev:arm64 gcc-aarch64-linux-gnu libc6-dev:arm64
    qemu-user-static)
if ! dpkg-query -W "${packages[@]}" >/dev/null 2>&1; then
    if [ "$(id -u)" != 0 ]; then
        echo "missing: ${packages[*]}. Run this once, then again what you ran:" >&2
        echo "    sudo dpkg --add-architecture arm64 && sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages[*]}" >&2
        exit 2
    fi
    dpkg --add-architecture arm64
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
# Debian's own Rust, the only one with a standard library for ARM64.
export PATH=/usr/bin:$PATH
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/arm64
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=qemu-aarch64-static
export RUSTFLAGS="-C target-feature=+crt-static"
/usr/bin/cargo test --target "$target" -p ocellus-model --test platforms
