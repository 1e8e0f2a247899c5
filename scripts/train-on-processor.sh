#!/usr/bin/env bash
# Makes the network that ships on two plain cores, from the folder of photographs to a run folder that `ocellus-trainer
# export` takes; about five hours in all. Every step that is finished is not done again.
#   scripts/train-on-processor.sh PHOTOGRAPHS VGG16 OUT
# PHOTOGRAPHS holds manifest.csv, VGG16 is the safetensors file with VGG-16's convolutions. OCELLUS_TRAINER and
# OCELLUS_LIBTORCH name the programs (`ocellus-trainer`, trainer/libtorch); python3 has torch 2.11.
set -euo pipefail
if [ $# -ne 3 ]; then
    sed -n '2,7p' "$0" >&2
    exit 2
fi
photographs=$1 vgg16=$2 out=$3
trainer=${OCELLUS_TRAINER:-ocellus-trainer} program=${OCELLUS_LIBTORCH:-ocellus-libtorch}
here="$(cd "$(dirname "$0")/.." && pwd)"
recipes="$here/trainer/libtorch/recipes"
libraries=$(python3 -c 'import torch, os; print(os.path.join(os.path.dirname(torch.__file__), "lib"))')
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
# The large arrays of a step are kept for the next one: giving them back each time takes half of the time.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_TOP_PAD_=268435456
mkdir -p "$out"

[ -e "$out/split" ] || "$trainer" split "$photographs/manifest.csv" --root "$photographs" --out "$out/split"
# Block 5 and the head of the whole network, from cached features.
[ -e "$out/wide/run.json" ] || "$trainer" train --config "$here/trainer/configs/first_light.toml" --cache "$out/cache" \
    --split "$out/split" --root "$photographs" --weights "$vgg16" --out "$out/wide"
[ -e "$out/pack/plan.json" ] || "$trainer" pack --split "$out/split" --root "$photographs" \
    --config "$here/trainer/configs/first_light.toml" --side 448 --out "$out/pack"
[ -e "$out/pruned.safetensors" ] || "$program" prune "$out/pack/plan.json" --weights "$out/wide/model.safetensors" \
    --size 224 --widths 16,32,64,128,192 --photographs 128 --out "$out/pruned.safetensors"
# The narrow network, all of it, first small and then at its own size.
[ -e "$out/small/result.json" ] || "$program" train "$out/pack/plan.json" --recipe "$recipes/narrow-192.toml" \
    --weights "$out/pruned.safetensors" --out "$out/small"
[ -e "$out/narrow/result.json" ] || "$program" train "$out/pack/plan.json" --recipe "$recipes/narrow-320.toml" \
    --weights "$out/small/model.safetensors" --out "$out/narrow"
[ -e "$out/run/run.json" ] || "$trainer" adopt "$out/narrow" --split "$out/split" --root "$photographs" \
    --config "$here/trainer/configs/first_light.toml" --set input.size=320 --weights "$vgg16" --out "$out/run"
echo "$out/run"
