#!/usr/bin/env python3
"""Logits of a bundle's network by onnxruntime, on tensors written by `ocellus-trainer predict --dump-tensors`.

    onnxruntime_logits.py MODEL.onnx TENSOR_DIR            prints CSV: tensor, one logit a column
    onnxruntime_logits.py MODEL.onnx TENSOR_DIR --compare PREDICTIONS.csv [--tolerance 1e-3]

With --compare it reads what `predict` printed (line N belongs to tensor N) and exits 1 when a logit differs by more
than the tolerance, relative to the larger magnitude with a floor of 1. Needs numpy and onnxruntime.
"""

import argparse
import csv
import pathlib
import sys

import numpy
import onnxruntime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("tensors", type=pathlib.Path)
    parser.add_argument("--compare", type=pathlib.Path)
    parser.add_argument("--tolerance", type=float, default=1e-3)
    arguments = parser.parse_args()

    session = onnxruntime.InferenceSession(str(arguments.model), providers=["CPUExecutionProvider"])
    found = {}
    for path in sorted(arguments.tensors.glob("*.npy")):
        (logits, activation_map) = session.run(["logits", "activation_map"], {"photograph": numpy.load(path)})
        if not (numpy.isfinite(logits).all() and numpy.isfinite(activation_map).all()):
            print(f"{path}: not finite", file=sys.stderr)
            return 1
        found[path.stem] = logits[0]
    if not found:
        print(f"{arguments.tensors}: no tensors", file=sys.stderr)
        return 1

    if arguments.compare is None:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["tensor"] + [f"logit_{index}" for index in range(len(next(iter(found.values()))))])
        for name, logits in found.items():
            writer.writerow([name] + [f"{logit:.8e}" for logit in logits])
        return 0

    with arguments.compare.open(newline="") as file:
        lines = list(csv.DictReader(file))
    worst, compared = 0.0, 0
    for index, line in enumerate(lines):
        if line["error"]:
            continue
        expected = numpy.array([float(value) for key, value in line.items() if key.startswith("logit_")])
        logits = found.get(f"{index:05}")
        if logits is None or logits.shape != expected.shape:
            print(f"line {index}: no tensor with {expected.size} logits", file=sys.stderr)
            return 1
        scale = numpy.maximum(numpy.maximum(abs(logits), abs(expected)), 1.0)
        worst = max(worst, float((abs(logits - expected) / scale).max()))
        compared += 1
    print(f"{compared} photographs compared, largest relative difference {worst:.2e}")
    return 0 if compared and worst <= arguments.tolerance else 1


if __name__ == "__main__":
    sys.exit(main())
