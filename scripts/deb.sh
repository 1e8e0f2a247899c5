#!/usr/bin/env bash
# Makes a Debian package of the device program with the bundle that ships, its systemd unit and udev rules.
#   scripts/deb.sh [ARGUMENTS OF cargo deb...]   e.g. --target aarch64-unknown-linux-gnu
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$HOME/.cargo/bin:$PATH"
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
version=3.8.0
"$target/tools/bin/cargo-deb" --version 2>/dev/null | grep -qF "$version" ||
    env -u RUSTC_WORKSPACE_WRAPPER -u CLIPPY_ARGS cargo install --quiet --locked --root "$target/tools" "cargo-deb@$version"
"$target/tools/bin/cargo-deb" --package ocellus "$@"
