#!/usr/bin/env bash
# Installs what the build (or the tests) need on a Debian-like machine, and nothing that is there already.
#   scripts/setup.sh build      compiler, linker, Rust
#   scripts/setup.sh test       compiler, Rust, the formatter and linter, and other people's programs to compare with
#   scripts/setup.sh gpu        compiler, Rust, and a GPU in software
#   scripts/setup.sh firmware   compiler, Rust for the controller's processor too, and that processor emulated
#   scripts/setup.sh vm         compiler, Rust, and a PC in software with the device's hardware: QEMU and a kernel
# When not root it prints the exact command and stops with exit code 2.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-build}
export PATH="$HOME/.cargo/bin:$PATH"

# The lowest Rust that builds this workspace, read from the one place that states it.
rust_version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

have() { command -v "$1" >/dev/null 2>&1; }

newer_or_equal() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

rust_is_good() {
    have cargo && have rustc &&
        newer_or_equal "$rust_version" "$(rustc --version 2>/dev/null | awk '{print $2}')"
}

apt_updated=no
refresh() {
    [ "$apt_updated" = no ] || return 0
    echo "setup: reading the package lists"
    apt-get update -qq
    apt_updated=yes
}

install() {
    if ! have apt-get; then
        echo "missing: $*. This machine has no apt-get: install them by hand, then run this again." >&2
        exit 2
    fi
    if [ "$(id -u)" != 0 ]; then
        echo "missing: $*. Run this once, then again what you ran:" >&2
        echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends $*" >&2
        exit 2
    fi
    refresh
    echo "setup: installing $*"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# A package that others only name is known to apt, and still can't be installed.
available() { [[ "$(LC_ALL=C apt-cache policy "$1" 2>/dev/null)" == *"Candidate: "[!\(]* ]]; }

# Opens Debian 12's own backports. Fails where that is not the way.
backports() {
    local VERSION_CODENAME mirror
    . /etc/os-release
    [ "$(id -u)" = 0 ] && [ "${VERSION_CODENAME:-}" = bookworm ] || return 1
    if ! apt-cache policy | grep -q 'a=stable-backports\|n=bookworm-backports'; then
        refresh
        mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Created-By: Packages' | head -n 1)
        echo "deb ${mirror%/} bookworm-backports main" >/etc/apt/sources.list.d/ocellus-backports.list
        apt-get update -qq
    fi
}

have cc || install gcc libc6-dev
# What the records' database is encrypted with.
[ -e /usr/include/openssl/crypto.h ] || install libssl-dev
have make || install make
have git || install git

if ! rust_is_good; then
    [ "$(id -u)" != 0 ] || { apt-get update -qq && apt_updated=yes; }
    if available rustup; then
        install rustup
        rustup default stable
    elif available cargo-web; then
        # Debian 12 carries a current Rust under these names.
        install cargo-web rustc-web
    else
        install cargo rustc
    fi
    rust_is_good || {
        echo "Rust $rust_version or newer is needed, found: $(rustc --version 2>/dev/null || echo none)." >&2
        echo "Install it with rustup, then run this again." >&2
        exit 2
    }
fi

if [ "$purpose" = gpu ]; then
    # Mesa's software Vulkan device, on which the trainer's GPU path is checked without a GPU. Versions before 24 crash
    # in their shader compiler, so an older release takes it from its own backports.
    mesa_version() { dpkg-query -W -f '${Version}' mesa-vulkan-drivers 2>/dev/null || true; }
    if ! newer_or_equal 24 "$(mesa_version)" || [ -z "$(mesa_version)" ]; then
        if backports; then
            install -t bookworm-backports mesa-vulkan-drivers libvulkan1
        else
            install mesa-vulkan-drivers libvulkan1
        fi
    fi
    exit 0
fi

# Installs one of QEMU's emulators. Where other parts of it have been installed from the backports, only what lies there
# fits them.
emulator() {
    have "$1" && return
    [ "$(id -u)" != 0 ] || refresh
    if ! apt-get install -qq --simulate --no-install-recommends "$2" >/dev/null 2>&1 && backports; then
        install -t bookworm-backports "$2"
    else
        install "$2"
    fi
}

# What the cameras' driver is compiled with: it reads the kernel's headers.
video_headers() {
    # Not the one for C++ alone (libclang-cpp), which other packages bring along.
    local libraries
    libraries=$(ldconfig -p && ls /usr/lib/llvm-*/lib/ 2>/dev/null || true)
    [[ "$libraries" =~ libclang(-[0-9.]+)?\.so ]] || install libclang-dev
}

if [ "$purpose" = vm ]; then
    emulator qemu-system-x86_64 qemu-system-x86
    video_headers
    have busybox || install busybox-static
    have depmod || [ -x /sbin/depmod ] || install kmod
    have v4l2-ctl || install v4l-utils
    [ -x /sbin/mke2fs ] || install e2fsprogs
    [ -x /usr/sbin/debootstrap ] || install debootstrap
    # The newest kernel of this release, with its modules, unpacked beside what is built.
    kit=$(realpath -m "${CARGO_TARGET_DIR:-target}/vm")
    if [ ! -f "$kit/version" ]; then
        [ "$(id -u)" != 0 ] || refresh
        package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -n 1)
        if [ -z "$package" ]; then
            echo "apt knows no linux-image-amd64: tests in a virtual machine need a Debian-like machine." >&2
            exit 2
        fi
        echo "setup: fetching $package, in $kit"
        rm -rf "$kit/root" "$kit/fetch"
        mkdir -p "$kit/fetch"
        (cd "$kit/fetch" && apt-get download -qq "$package" 2>/dev/null)
        dpkg-deb -x "$kit"/fetch/*.deb "$kit/root"
        rm -rf "$kit/fetch"
        version=${package#linux-image-}
        # Elsewhere than in Debian 12 they are packed.
        find "$kit/root" -name '*.ko.xz' -exec unxz {} +
        # A camera that sends JPEGs: Debian has its driver as a source, which is compiled for that kernel.
        [ -d "/usr/src/linux-headers-$version" ] || install "linux-headers-$version"
        mkdir -p "$kit/fetch"
        (cd "$kit/fetch" && apt-get download -qq v4l2loopback-dkms 2>/dev/null)
        dpkg-deb -x "$kit"/fetch/*.deb "$kit/fetch/source"
        for source in "$kit"/fetch/source/usr/src/v4l2loopback-*; do
            make -s -C "/usr/src/linux-headers-$version" M="$source" modules >"$kit/fetch/log" 2>&1 ||
                { cat "$kit/fetch/log" >&2 && exit 1; }
            command install -D -t "$kit/root/lib/modules/$version/extra" "$source/v4l2loopback.ko"
        done
        rm -rf "$kit/fetch"
        PATH=$PATH:/sbin depmod -b "$kit/root" "$version"
        cp "$kit/root/boot/vmlinuz-$version" "$kit/vmlinuz"
        echo "$version" >"$kit/version"
    fi
    exit 0
fi

if [ "$purpose" = firmware ]; then
    emulator qemu-system-arm qemu-system-arm
    target=thumbv6m-none-eabi
    sysroot=$(rustc --print sysroot)
    if [ ! -d "$sysroot/lib/rustlib/$target" ]; then
        if have rustup; then
            rustup target add "$target"
        else
            # Debian has no library for this processor; scripts/firmware.sh builds it from its source.
            have ld.lld || install lld
            [ -f "$sysroot/lib/rustlib/src/rust/library/Cargo.lock" ] || install rust-web-src
        fi
    fi
    exit 0
fi

[ "$purpose" = test ] || exit 0

video_headers
cargo fmt --version >/dev/null 2>&1 || { have rustup && rustup component add rustfmt; } || install rustfmt-web
cargo clippy --version >/dev/null 2>&1 || { have rustup && rustup component add clippy; } || install rust-web-clippy

# An archive, tools of another maker, and a validator, for the tests of what is sent; certificates for them.
missing=()
[ -x /usr/sbin/Orthanc ] || missing+=(orthanc)
have storescp || missing+=(dcmtk)
have dciodvfy || missing+=(dicom3tools)
have openssl || missing+=(openssl)
have pdftotext || missing+=(poppler-utils)
# A display in memory and a mouse.
have Xvfb || missing+=(xvfb)
have xdotool || missing+=(xdotool)
# What a TPM is spoken to with, and one in software.
have pkg-config || missing+=(pkg-config)
[ -e /usr/include/tss2/tss2_esys.h ] || missing+=(libtss2-dev)
have swtpm || missing+=(swtpm libtss2-tcti-swtpm0)
[ "${#missing[@]}" = 0 ] || install "${missing[@]}"

have python3 || install python3 python3-venv
venv=target/check-venv
wanted=scripts/check-requirements.txt
if ! cmp -s "$wanted" "$venv/installed.txt"; then
    echo "setup: Python tools to compare with, in $venv"
    rm -rf "$venv"
    mkdir -p target
    python3 -m venv "$venv" 2>/dev/null || { rm -rf "$venv"; install python3-venv; python3 -m venv "$venv"; }
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$venv/installed.txt"
fi
