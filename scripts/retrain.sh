#!/usr/bin/env bash
# From a folder of photographs to an unsigned bundle like the one that ships, on a plain processor with 20 GB of memory: hours.
#   scripts/retrain.sh PHOTOGRAPHS WEIGHTS OUT
# PHOTOGRAPHS holds manifest.csv; WEIGHTS are VGG-16's features (safetensors, Caffe convention). What lies in OUT already is not
# made again, and a training that was broken off goes on after its last whole epoch.
# OCELLUS_TRAINER and OCELLUS_LIBTORCH name the programs (trainer, trainer/libtorch), OCELLUS_RECIPES another folder of recipes.
set -euo pipefail
if [ $# -ne 3 ]; then
    sed -n '2,6p' "$0" >&2
    exit 2
fi
photographs=$1 weights=$2 out=$3
home="$(cd "$(dirname "$0")/.." && pwd)"
trainer=${OCELLUS_TRAINER:-ocellus-trainer}
libtorch=${OCELLUS_LIBTORCH:-ocellus-libtorch}
recipes=${OCELLUS_RECIPES:-$home/trainer/libtorch/recipes/first-light}
mkdir -p "$out"

# made FILE COMMAND...: runs the command unless the file, which it leaves when it has ended, is there.
made() {
    local file=$1
    shift
    [ -e "$out/$file" ] && return
    echo "== $file" >&2
    "$@"
}
# The split that made the network that ships, where these are its photographs; else a new one.
split() {
    local command=("$trainer" split "$photographs/manifest.csv" --root "$photographs" --out "$out/split") status=0
    "${command[@]}" --like "$home/models/bundles/first-light" || status=$?
    # 4: none of the photographs made that network.
    if [ "$status" -eq 4 ]; then judged "${command[@]}"; else return "$status"; fi
}
# Photographs that can't be judged are named (3); they are no reason to stop.
judged() {
    local status=0
    "$@" || status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 3 ]
}

data=(--split "$out/split" --root "$photographs")
whole=(--config "$home/trainer/configs/whole.toml" --set input.size=288)
made split/test.csv split
# Block 5 alone, from cached features: where everything else begins.
made block5/model.safetensors "$trainer" train --config "$home/trainer/configs/first_light.toml" "${data[@]}" --weights "$weights" \
    --cache "$out/cache" --out "$out/block5"
made pack/plan.json "$trainer" pack "${whole[@]}" "${data[@]}" --out "$out/pack"
# The teacher: blocks 4 and 5 of the whole network, first with few pixels, then with more.
made whole-224/result.json "$libtorch" train "$out/pack/plan.json" --recipe "$recipes/whole-224.toml" \
    --weights "$out/block5/model.safetensors" --out "$out/whole-224"
made whole-288/result.json "$libtorch" train "$out/pack/plan.json" --recipe "$recipes/whole-288.toml" \
    --weights "$out/whole-224/model.safetensors" --out "$out/whole-288"
# Its pupil, one that is narrower in the blocks where a device's engine is slow, and that one once more.
made pruned/result.json "$libtorch" prune "$out/pack/plan.json" --weights "$out/whole-288/model.safetensors" --size 288 \
    --widths 16,32,48,96,128 --photographs 120 --out "$out/pruned"
made pupil/result.json "$libtorch" train "$out/pack/plan.json" --recipe "$recipes/pupil.toml" \
    --weights "$out/pruned/model.safetensors" --teacher "$out/whole-288" --out "$out/pupil"
made pruned-narrower/result.json "$libtorch" prune "$out/pack/plan.json" --weights "$out/pupil/model.safetensors" --size 288 \
    --widths 8,24,48,96,128 --photographs 120 --out "$out/pruned-narrower"
made narrower/result.json "$libtorch" train "$out/pack/plan.json" --recipe "$recipes/pupil-8-24.toml" \
    --weights "$out/pruned-narrower/model.safetensors" --teacher "$out/whole-288" --teacher "$out/pupil" --out "$out/narrower"
made again/result.json "$libtorch" train "$out/pack/plan.json" --recipe "$recipes/pupil-again.toml" \
    --weights "$out/narrower/model.safetensors" --teacher "$out/whole-288" --teacher "$out/pupil" --teacher "$out/narrower" \
    --out "$out/again"
made run/run.json "$trainer" adopt "$out/again" "${whole[@]}" "${data[@]}" --weights "$weights" --out "$out/run"
# Exported twice, with the same thresholds: once to be evaluated as a device would judge, once with what came of it in the card.
exported=("$trainer" export --run "$out/run" "${data[@]}" --name first-light --version 0.0.0-retrained --sequence 1 --sensitivity 0.93)
made draft/bundle.toml judged "${exported[@]}" --out "$out/draft"
made evaluation/metrics.json judged "$trainer" evaluate --bundle "$out/draft" "${data[@]}" --swap-borders --out "$out/evaluation"
made first-light/bundle.toml judged "${exported[@]}" --evaluation "$out/evaluation/metrics.json" --out "$out/first-light"
echo "$out/first-light: not signed; next: $trainer sign $out/first-light --key KEY" >&2
