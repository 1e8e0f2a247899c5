#!/usr/bin/env bash
# Fuzzes every parser of the contract for some minutes each, from seeds in every form that the decoder has to know.
#   scripts/fuzz.sh [MINUTES]
# Needs a nightly compiler and cargo-fuzz (`cargo install cargo-fuzz`). What is found lies in tests/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=${1:-10}
python=target/check-venv/bin/python
corpus=tests/fuzz/corpus
[ -x "$python" ] || scripts/setup.sh test

mkdir -p "$corpus"/{decode,frame,bundle}
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
# A picture of a few pixels: what is fuzzed are the formats, not the pixels.
"$python" - models/bundles/*/selftest/plain-left.png "$seeds" <<'PYTHON'
import pathlib, sys
from PIL import Image, ImageCms
folder = pathlib.Path(sys.argv[-1])
Image.open(sys.argv[1]).convert("RGB").resize((40, 30)).save(folder / "picture.png")
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
(folder / "profile.icc").write_bytes(profile.tobytes())
PYTHON
mkdir "$seeds/forms"
"$python" models/tests/decoding/variants.py "$seeds/picture.png" "$seeds/profile.icc" "$seeds/forms"
rm -f "$seeds"/forms/*.expected.png "$seeds"/forms/index.json
cp "$seeds"/forms/* "$corpus/decode/"
cp "$seeds"/forms/* "$corpus/frame/"
for manifest in models/bundles/*/bundle.toml; do
    cp "$manifest" "$corpus/bundle/$(basename "$(dirname "$manifest")").toml"
done

for target in decode frame bundle; do
    echo "fuzz: $target for $minutes minutes"
    cargo +nightly fuzz run --fuzz-dir tests/fuzz "$target" "$corpus/$target" -- \
        -max_total_time=$((60 * minutes)) -rss_limit_mb=4096 -timeout=20 -print_final_stats=1
done
