#!/usr/bin/env bash
# Builds for ARM64 with Debian's cross compiler, and runs what was built on an emulated processor.
#   scripts/arm64.sh contract          what a photograph becomes is the same there, byte for byte (models/tests/platforms.rs)
#   scripts/arm64.sh device [FLAG...]  a patient is screened on a whole ARM64 board in software (tests/device/arm64.rs), judged by
#                                      the network that ships; the flags are cargo's, as the tests were built with
#   scripts/arm64.sh deb               a Debian package for such boards, in target/arm64/
set -euo pipefail
cd "$(dirname "$0")/.."
verb=${1:-contract}
shift || true
target=aarch64-unknown-linux-gnu
triplet=aarch64-linux-gnu
built=$(realpath -m "${CARGO_TARGET_DIR:-target}")
program=$built/arm64/$target/debug/ocellus
kit=$built/vm

packages=(rustc-web cargo-web libstd-rust-web-dev libstd-rust-web-dev:arm64 "gcc-$triplet" libc6-dev:arm64 qemu-user-static)
[ "$verb" = contract ] || packages+=(libssl-dev:arm64 libtss2-dev:arm64 libv4l-0:arm64 libv4l2rds0:arm64)
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

# Debian's own Rust, the only one with a standard library for ARM64, in its own folder.
cross() {
    env -u RUSTC_WORKSPACE_WRAPPER -u CLIPPY_ARGS PATH="/usr/bin:$PATH" CARGO_TARGET_DIR="$built/arm64" \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER="$triplet-gcc" CC_aarch64_unknown_linux_gnu="$triplet-gcc" \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=qemu-aarch64-static \
        PKG_CONFIG_ALLOW_CROSS=1 PKG_CONFIG_LIBDIR="/usr/lib/$triplet/pkgconfig:/usr/share/pkgconfig" \
        BINDGEN_EXTRA_CLANG_ARGS_aarch64_unknown_linux_gnu="--target=$triplet" \
        "$@"
}

# The device program, with what its package has.
device_program() {
    cross /usr/bin/cargo build --quiet --target "$target" -p ocellus --features v4l2,tpm
}

# A kernel for such a board, and two programs for inside.
board() {
    local package version
    scripts/setup.sh vm >&2
    [ ! -f "$kit/arm64/version" ] || return 0
    package=$(apt-cache depends linux-image-arm64:arm64 | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)/\1/p' | head -n 1)
    echo "fetching $package, in $kit/arm64" >&2
    rm -rf "$kit/arm64"
    mkdir -p "$kit/arm64/fetch"
    (cd "$kit/arm64/fetch" && apt-get download -qq "$package" busybox-static:arm64 v4l-utils:arm64 2>/dev/null)
    for archive in "$kit"/arm64/fetch/*.deb; do dpkg-deb -x "$archive" "$kit/arm64/root"; done
    rm -rf "$kit/arm64/fetch"
    version=${package#linux-image-}
    version=${version%:arm64}
    find "$kit/arm64/root" -name '*.ko.xz' -exec unxz {} +
    PATH=$PATH:/sbin depmod -b "$kit/arm64/root" "$version"
    cp "$kit/arm64/root/boot/vmlinuz-$version" "$kit/arm64/vmlinuz"
    echo "$version" >"$kit/arm64/version"
}

case $verb in
contract) cross /usr/bin/cargo test --target "$target" -p ocellus-model --test platforms ;;
device)
    command -v qemu-system-aarch64 >/dev/null || { echo "missing: qemu-system-aarch64, in Debian's qemu-system-arm" >&2 && exit 2; }
    device_program
    board
    OCELLUS_VM=$kit OCELLUS_ARM64=$program OCELLUS_SHIPPED=1 cargo test "$@" --test device \
        -- --ignored --nocapture arm64
    ;;
deb)
    device_program
    cross scripts/deb.sh --no-build --profile dev --target "$target" -o "$built/arm64/"
    ;;
*)
    echo "usage: scripts/arm64.sh contract|device|deb [FLAG...]" >&2
    exit 2
    ;;
esac
