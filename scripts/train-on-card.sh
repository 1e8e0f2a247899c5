#!/usr/bin/env bash
# Trains on a machine with a graphics card, within a budget of seconds, from a pack: a whole network; narrow networks that
# learn from it; and, with what time is left, the whole network with each source left out.
#   scripts/train-on-card.sh PACK WEIGHTS OUT [SECONDS]
# PACK holds plan.json and, for sources left out, loso_SOURCE.json (`ocellus-trainer split --leave-out`, `pack --name`).
# OCELLUS_LIBTORCH names the program (trainer/libtorch); python3 has torch 2.11. What is finished lies in OUT whenever it
# is broken off; each result is measured with `ocellus-trainer adopt`.
set -euo pipefail
if [ $# -lt 3 ]; then
    sed -n '2,7p' "$0" >&2
    exit 2
fi
pack=$1 weights=$2 out=$3 budget=${4:-600}
program=${OCELLUS_LIBTORCH:-ocellus-libtorch}
recipes="$(cd "$(dirname "$0")/../trainer/libtorch/recipes" && pwd)"
libraries=$(python3 -c 'import torch, os; print(os.path.join(os.path.dirname(torch.__file__), "lib"))')
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
mkdir -p "$out"

left() { echo $((budget - SECONDS)); }
# Puts another number of epochs into a recipe.
epochs() { sed "s/^epochs = .*/epochs = $2/" "$recipes/$1.toml" >"$out/$1.toml"; }
whole=$(sed -n 's/^epochs = //p' "$recipes/teacher.toml")

echo "the whole network"
started=$SECONDS
"$program" train "$pack/plan.json" --recipe "$recipes/teacher.toml" --weights "$weights" --out "$out/teacher"
an_epoch=$(((SECONDS - started) / whole + 1))

# A third of what is left is for the sources that are left out, where there are any.
for_pupils=$(($(left) * 2 / 3))
ls "$pack"/loso_*.json >/dev/null 2>&1 || for_pupils=$(left)
# The teacher looks once, a third of a training epoch's work, and three pupils learn: about its other two thirds.
pupil_epochs=$((for_pupils / an_epoch))
pupil_epochs=$((pupil_epochs < 6 ? 6 : pupil_epochs > 60 ? 60 : pupil_epochs))
echo "three narrow networks, $pupil_epochs epochs"
epochs student "$pupil_epochs"
"$program" prune "$pack/plan.json" --weights "$out/teacher/model.safetensors" --size 384 --widths 32,64,128,256,256 --out "$out/half-pruned"
"$program" prune "$pack/plan.json" --weights "$out/teacher/model.safetensors" --size 384 --widths 16,32,64,128,128 --out "$out/quarter-pruned"
"$program" prune "$pack/plan.json" --weights "$out/teacher/model.safetensors" --size 384 --widths 16,16,32,64,64 --out "$out/eighth-pruned"
"$program" train "$pack/plan.json" --recipe "$out/student.toml" --teacher "$out/teacher" \
    --weights "$out/half-pruned/model.safetensors" --out "$out/half" \
    --weights "$out/quarter-pruned/model.safetensors" --out "$out/quarter" \
    --weights "$out/eighth-pruned/model.safetensors" --out "$out/eighth"

for plan in "$pack"/loso_*.json; do
    [ -e "$plan" ] || continue
    name=$(basename "$plan" .json)
    run_epochs=$((whole / 2))
    if [ "$(left)" -lt $((an_epoch * run_epochs)) ]; then
        echo "no time left for $name and what comes after it"
        break
    fi
    echo "$name"
    epochs teacher "$run_epochs"
    "$program" train "$plan" --recipe "$out/teacher.toml" --weights "$weights" --out "$out/$name"
done
echo "done after $SECONDS s"
