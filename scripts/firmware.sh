#!/usr/bin/env bash
# Builds the controller's program for its microcontroller, or runs it on an emulated one.
#   scripts/firmware.sh build   builds it and prints where it lies
#   scripts/firmware.sh lint    format and clippy, warnings are errors
#   scripts/firmware.sh run     builds it and runs it in QEMU, which prints the serial line's name; Ctrl-C ends it
# What it needs is installed by `scripts/setup.sh firmware`.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$HOME/.cargo/bin:$PATH"
verb=${1:-build}
target=thumbv6m-none-eabi
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/firmware
program=$(realpath -m "$CARGO_TARGET_DIR/$target/release/ocellus-firmware")

options=(--quiet --release --locked --manifest-path board/firmware/Cargo.toml --target "$target")
if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
    # Debian's Rust has no library for this processor: it is built too, from rust-web-src, and linked with lld.
    export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C linker=ld.lld -C linker-flavor=ld.lld"
    options+=(-Zbuild-std=core)
fi

case $verb in
lint)
    cargo fmt --manifest-path board/firmware/Cargo.toml --check
    cargo clippy "${options[@]}" -- -D warnings
    ;;
build)
    cargo build "${options[@]}"
    echo "$program"
    ;;
run)
    cargo build "${options[@]}"
    exec qemu-system-arm -M microbit -display none -nodefaults -serial pty -device "loader,file=$program"
    ;;
*)
    echo "usage: scripts/firmware.sh build|lint|run" >&2
    exit 2
    ;;
esac
