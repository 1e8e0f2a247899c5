#!/usr/bin/env bash
# The device and its drivers in a PC in software.
#   scripts/vm.sh kit [FLAG...]    fetches a kernel and a Debian, builds what goes inside, and prints the folder with it all
#   scripts/vm.sh test [FLAG...]   the same, then runs the tests
# The flags are cargo's, as the tests were built with.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$HOME/.cargo/bin:$PATH"
verb=${1:-test}
shift || true
target=x86_64-unknown-linux-gnu
built=$(realpath -m "${CARGO_TARGET_DIR:-target}")
kit=$built/vm

# The package as a clinic gets it, but of the program that the tests were built with; and one that came before it.
packages() {
    local make=(scripts/deb.sh --quiet --no-build --profile dev --fast -Z gz --compress-system)
    mkdir -p "$kit/packages"
    "${make[@]}" -o "$kit/packages/ocellus.deb"
    "${make[@]}" --deb-version 0.0.1 -o "$kit/packages/before.deb"
}

# Where this machine's release comes from.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $VERSION_CODENAME" | sed -n 1p
}

# Tests that are not run: that on ARM64 is started by scripts/arm64.sh.
left_out=(--skip arm64)

# A small Debian of this machine's release, with what the package needs and nothing of ours.
debian() {
    local VERSION_CODENAME from needed wanted
    if [ "$(id -u)" != 0 ]; then
        echo "only root can unpack a Debian: the package's test (tests/device/package.rs) is left out" >&2
        left_out+=(--skip package)
        return 0
    fi
    . /etc/os-release
    needed=$(dpkg-deb -f "$kit/packages/ocellus.deb" Depends | tr ',' '\n' | sed 's/[(|].*//; s/ //g' | sort -u | paste -sd,)
    wanted=systemd-sysv,kmod,v4l-utils,$needed
    [ "$(cat "$kit/debian.for" 2>/dev/null)" != "$VERSION_CODENAME $wanted" ] || return 0
    from=$(mirror)
    # A machine that has not read its package lists yet knows no address.
    [ -n "$from" ] || { apt-get update -qq && from=$(mirror); }
    echo "a small Debian, in $kit/debian"
    rm -rf "$kit/debian" "$kit/debian.for"
    /usr/sbin/debootstrap --variant=minbase "--include=$wanted" "$VERSION_CODENAME" "$kit/debian" "$from" \
        >"$kit/debian.log" 2>&1 || { tail -n 20 "$kit/debian.log" >&2 && exit 1; }
    rm -rf "$kit/debian/var/cache/apt" "$kit/debian/var/lib/apt/lists"
    echo "$VERSION_CODENAME $wanted" >"$kit/debian.for"
}

scripts/setup.sh vm >&2
# In the machine there are no libraries: its programs carry theirs.
RUSTFLAGS="-C target-feature=+crt-static" cargo build --quiet --target "$target" -p ocellus-vm-guest
mkdir -p "$kit/guest"
find "$built/$target/debug" -maxdepth 1 -type f -executable -name 'guest-*' -exec cp -t "$kit/guest" {} +

# Built already, where the tests are; the program comes with them.
cargo test --quiet "$@" --all-targets --no-run >&2
packages >&2
debian >&2

case $verb in
kit) echo "$kit" ;;
test)
    OCELLUS_VM=$kit cargo test --quiet "$@" --test machine --test camera --test panel --test device --test record \
        -- --ignored "${left_out[@]}" --test-threads=1 --nocapture
    ;;
*)
    echo "usage: scripts/vm.sh kit|test [FLAG...]" >&2
    exit 2
    ;;
esac
