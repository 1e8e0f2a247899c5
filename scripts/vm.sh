#!/usr/bin/env bash
# The device and its drivers in a PC in software.
#   scripts/vm.sh kit              fetches a kernel, builds the programs for inside, and prints the folder with both
#   scripts/vm.sh test [FLAG...]   the same, then runs the tests; the flags are cargo's, as the tests were built with
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$HOME/.cargo/bin:$PATH"
verb=${1:-test}
target=x86_64-unknown-linux-gnu
built=$(realpath -m "${CARGO_TARGET_DIR:-target}")

scripts/setup.sh vm >&2
# In the machine there are no libraries: its programs carry theirs.
RUSTFLAGS="-C target-feature=+crt-static" cargo build --quiet --target "$target" -p ocellus-vm-guest
mkdir -p "$built/vm/guest"
find "$built/$target/debug" -maxdepth 1 -type f -executable -name 'guest-*' -exec cp -t "$built/vm/guest" {} +

case $verb in
kit) echo "$built/vm" ;;
test)
    shift || true
    OCELLUS_VM=$built/vm cargo test --quiet "$@" --test machine --test camera --test panel --test device --test record \
        -- --ignored --test-threads=1 --nocapture
    ;;
*)
    echo "usage: scripts/vm.sh kit|test [FLAG...]" >&2
    exit 2
    ;;
esac
