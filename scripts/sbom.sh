#!/usr/bin/env bash
# Writes what the programs are built from, as CycloneDX JSON: one file for the device program, one for the trainer, one for
# the controller's firmware, into FOLDER (target/sbom when none is named).
#   scripts/sbom.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$HOME/.cargo/bin:$PATH"
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
out=$(realpath -m "${1:-$target/sbom}")
version=0.5.9
tool="$target/tools/bin/cargo-cyclonedx"
"$tool" cyclonedx --version 2>/dev/null | grep -qF "$version" ||
    cargo install --quiet --locked --root "$target/tools" "cargo-cyclonedx@$version"
mkdir -p "$out"

# The tool writes a file beside the manifest of every member of a workspace; only the one that was meant is kept.
list() {
    local name=$1 folder=$2
    shift 2
    "$tool" cyclonedx --quiet --manifest-path "$folder/Cargo.toml" --format json --spec-version 1.5 \
        --override-filename ocellus-sbom "$@"
    mv "$folder/ocellus-sbom.json" "$out/$name.cdx.json"
    find . -name ocellus-sbom.json -not -path './target/*' -delete
}
list ocellus . --features v4l2,tpm
list ocellus-trainer trainer --features wgpu,s3
list ocellus-firmware board/firmware
ls "$out"
