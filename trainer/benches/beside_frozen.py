"""A network's answers beside what frozen features give, on the same photographs: the afternoon's work that it has to beat.

    python3 trainer/benches/beside_frozen.py PACK/plan.json WEIGHTS CACHE [MANIFEST PREDICTIONS]

needs torch, scikit-learn, NumPy and Pillow. VGG-16 with ImageNet's weights as it is, 224 pixels, disc mask; conv4_3 and conv5_3
averaged over the picture, principal components, a balanced logistic regression for each output, fitted on the plan's training
photographs, its strength and the number of components chosen on the validation ones, measured on the test ones. CACHE (an .npz file)
keeps the features, so that another plan of the same pack costs no second look. MANIFEST has the photographs' digests; PREDICTIONS are
those of `ocellus-trainer evaluate` (predictions.csv) of the same test photographs.

Prints a table: source, output, photographs with and without, AUROC of the frozen features (95 % by DeLong), of the network, and
the difference, paired (DeLong 1988), with its 95 %. Below a line each for the means.
"""

import csv
import json
import os
import struct
import sys

import numpy
from PIL import Image

SIDE = 224
# Fewer than so many with or without say nothing.
LEAST = 10
LAYERS = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
POOLED_BEFORE = {5, 10, 17, 24}
LOOKED_AT = {21, 28}
# Caffe's convention: blue, green, red; 0 to 255 less the mean.
MEAN = [103.939, 116.779, 123.68]


def weights_of(path):
    import torch

    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            array = numpy.frombuffer(data[begin:end], numpy.float16).astype(numpy.float32)
            # Twice as fast where the processor has it; averages over hundreds of places don't feel the rounding.
            tensor = torch.from_numpy(array.reshape(entry["shape"])).bfloat16()
            tensors[name] = tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor
    return tensors


def features_of(paths, weights):
    import torch
    from torch.nn.functional import conv2d, max_pool2d, relu

    tensors = weights_of(weights)
    across = (numpy.arange(SIDE) + 0.5 - SIDE / 2) / (SIDE / 2)
    disc = (across[None] ** 2 + across[:, None] ** 2 < 0.96**2)[..., None]
    found = []
    with torch.inference_mode():
        for start in range(0, len(paths), 16):
            pictures = []
            for path in paths[start : start + 16]:
                picture = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.BILINEAR)
                pictures.append((numpy.asarray(picture, numpy.float32)[..., ::-1] - MEAN) * disc)
            x = torch.from_numpy(numpy.stack(pictures).transpose(0, 3, 1, 2).astype(numpy.float32))
            x = x.bfloat16().contiguous(memory_format=torch.channels_last)
            averages = []
            for layer in LAYERS:
                if layer in POOLED_BEFORE:
                    x = max_pool2d(x, 2)
                x = relu(conv2d(x, tensors[f"features.{layer}.weight"], tensors[f"features.{layer}.bias"], padding=1))
                if layer in LOOKED_AT:
                    averages.append(x.float().mean((2, 3)))
            found.append(torch.cat(averages, 1).numpy())
            if start % 800 == 0:
                print(f"{start} of {len(paths)}", file=sys.stderr)
    return numpy.concatenate(found)


def remembered(names, folder, weights, cache):
    """Features by name, of the cache where they lie there, else of the photographs."""
    known = {}
    if os.path.exists(cache):
        held = numpy.load(cache)
        known = dict(zip(held["names"].tolist(), held["features"]))
    new = [name for name in names if name not in known]
    if new:
        known.update(zip(new, features_of([os.path.join(folder, name) for name in new], weights)))
        numpy.savez(cache, names=numpy.array(list(known)), features=numpy.stack(list(known.values())))
    return known


def placements(scores, truth):
    """Of each photograph with, the part of those without that it lies above, and the other way round (DeLong's V10 and V01)."""
    with_it, without = scores[truth], scores[~truth]

    def rank_among(values, others):
        others = numpy.sort(others)
        below = numpy.searchsorted(others, values, "left")
        return (below + numpy.searchsorted(others, values, "right")) / (2 * len(others))

    return rank_among(with_it, without), 1 - rank_among(without, with_it)


def half_width(parts):
    """Half of the 95 % interval of an AUROC with these placements, or of a difference with those of both subtracted."""
    return 1.96 * sum(part.var(ddof=1) / len(part) for part in parts) ** 0.5


def fitted(features, rows, output):
    """Logits of the test photographs, from a regression that was chosen on the validation ones."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def of(side):
        known = [row for row in rows[side] if row["weights"][output] > 0]
        x = numpy.stack([features[row["file"]] for row in known])
        return x, numpy.array([row["targets"][output] > 0.5 for row in known])

    (x, y), (choosing, truth) = of("train"), of("validation")
    scaler = StandardScaler().fit(x)
    reduction = PCA(384, random_state=0).fit(scaler.transform(x))
    x, choosing = (reduction.transform(scaler.transform(part)) for part in (x, choosing))
    best = None
    for components in (64, 128, 256, 384):
        for strength in (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1):
            model = make_pipeline(
                StandardScaler(), LogisticRegression(C=strength, class_weight="balanced", max_iter=2000)
            ).fit(x[:, :components], y)
            reached = placements(model.decision_function(choosing[:, :components]), truth)[0].mean()
            if best is None or reached > best[0]:
                best = (reached, model, components)
    _, model, components = best
    test = numpy.stack([features[row["file"]] for row in rows["test"]])
    return model.decision_function(reduction.transform(scaler.transform(test))[:, :components])


def answers(manifest, predictions, outputs, names):
    """The network's answers to the photographs of these names, which are beginnings of their digests; none where it gave none."""
    with open(manifest, newline="") as table:
        digests = {row["file"]: row["sha256"] for row in csv.DictReader(table)}
    with open(predictions, newline="") as table:
        rows = [row for row in csv.DictReader(table) if row.get(outputs[0])]
    length = len(os.path.splitext(names[0])[0])
    told = {digests[row["file"]][:length]: [float(row[output]) for output in outputs] for row in rows}
    found = [told.get(os.path.splitext(name)[0]) for name in names]
    if not any(found):
        sys.exit(f"{predictions}: says nothing of the plan's test photographs; expected the predictions of this split's test part")
    return numpy.array([one or [numpy.nan] * len(outputs) for one in found])


def main():
    plan_file, weights, cache, *others = sys.argv[1:]
    with open(plan_file) as file:
        plan = json.load(file)
    outputs, sides = plan["outputs"], plan["sides"]
    folder = os.path.join(os.path.dirname(plan_file), "photographs")
    features = remembered([row["file"] for rows in sides.values() for row in rows], folder, weights, cache)
    test = sides["test"]
    ours = answers(*others, outputs, [row["file"] for row in test]) if others else None
    sources = numpy.array([row["source"] for row in test])
    print("| source | output | with | without | frozen VGG-16 | the network | difference |\n|---|---|---|---|---|---|---|")
    pooled, single = [], []
    for index, output in enumerate(outputs):
        frozen = fitted(features, sides, index)
        present = numpy.array([row["targets"][index] > 0.5 for row in test])
        known = numpy.array([row["weights"][index] > 0 for row in test])
        if ours is not None:
            known &= ~numpy.isnan(ours[:, index])
        for source in ["all", *sorted(set(sources))]:
            chosen = known & ((sources == source) | (source == "all"))
            truth = present[chosen]
            if min(truth.sum(), (~truth).sum()) < LEAST:
                continue
            theirs = placements(frozen[chosen], truth)
            found, spread = theirs[0].mean(), half_width(theirs)
            line = f"| {source} | {output} | {truth.sum()} | {(~truth).sum()} | {found:.3f} ({found - spread:.3f} to {min(1, found + spread):.3f})"
            areas = [found]
            if ours is None:
                line += " | – | –"
            else:
                own = placements(ours[chosen, index], truth)
                areas.append(own[0].mean())
                off, spread = areas[1] - found, half_width([b - a for a, b in zip(theirs, own)])
                line += f" | {areas[1]:.3f} | {off:+.3f} ({off - spread:+.3f} to {off + spread:+.3f})"
            (pooled if source == "all" else single).append(areas)
            print(line + " |")
    for areas, what in ((pooled, "all sources together"), (single, "source by source")):
        if areas:
            means = [f"{name} {mean:.3f}" for name, mean in zip(("frozen", "the network"), numpy.mean(areas, 0))]
            print(f"\nMean of {len(areas)}, {what}: {', '.join(means)}.")


if __name__ == "__main__":
    main()
