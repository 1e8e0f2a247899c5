"""The trainer's work beside PyTorch's, by turns on the same machine: what an engineer would write with torchvision.

    python3 trainer/benches/beside_pytorch.py TRAINER MANIFEST ROOT WEIGHTS [ROUNDS]

needs torch, torchvision and Pillow. Prints, a round each and as medians: changed views a second and core, trained
photographs a second of block 5 and the head (batches of 32 from block-4 features, all cores), and the largest resident memory
of the process that trains.
"""

import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

SECONDS = 5.0
BATCH = 32
SIZE = 224
PHOTOGRAPHS = 64


def files(manifest, root):
    with open(manifest, newline="") as table:
        rows = list(csv.DictReader(table))
    step = max(1, len(rows) // PHOTOGRAPHS)
    return [os.path.join(root, row["file"]) for row in rows[::step][:PHOTOGRAPHS]]


def a_second(step):
    step()
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        done += step()
    return done / (time.perf_counter() - start)


def views(manifest, root):
    """Decode, crop the retina out of the black frame, change, normalise: with torchvision's own transforms, one thread."""
    import io

    import numpy
    import torch
    from PIL import Image
    from torchvision import transforms

    torch.set_num_threads(1)
    change = transforms.Compose(
        [
            transforms.RandomAffine(15, scale=(1.0, 1.18), interpolation=transforms.InterpolationMode.BILINEAR),
            transforms.Resize((SIZE, SIZE), antialias=True),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(0.25, 0.12, 0.12, 0.02),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    # In memory, as for the other side, so that no disk is measured.
    held = [open(name, "rb").read() for name in files(manifest, root)]
    at = 0

    def one():
        nonlocal at
        picture = Image.open(io.BytesIO(held[at % len(held)])).convert("RGB")
        at += 1
        light = numpy.asarray(picture.convert("L")) > 12
        rows, columns = numpy.flatnonzero(light.any(1)), numpy.flatnonzero(light.any(0))
        if len(rows) and len(columns):
            picture = picture.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
        change(picture)
        return 1

    return {"changed_views": a_second(one)}


def steps(weights):
    """Block 5 and a head of eight outputs, forward, backward and AdamW, from random block-4 features."""
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(os.cpu_count())
    stored = load_file(weights)
    layers = []
    for number in (24, 26, 28):
        layer = torch.nn.Conv2d(512, 512, 3, padding=1)
        layer.weight.data = stored[f"features.{number}.weight"].float()
        layer.bias.data = stored[f"features.{number}.bias"].float()
        layers += [layer, torch.nn.ReLU()]
    head = torch.nn.Linear(512, 8)
    network = torch.nn.Sequential(*layers)
    parameters = list(network.parameters()) + list(head.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=1e-4)
    features = torch.rand(BATCH, 512, SIZE // 16, SIZE // 16)
    targets = (torch.rand(BATCH, 8) > 0.5).float()

    def one():
        optimizer.zero_grad()
        logits = head(network(features).mean((2, 3)))
        torch.nn.functional.binary_cross_entropy_with_logits(logits, targets).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return BATCH

    return {"trained": a_second(one)}


def child(arguments):
    """Runs a program; its JSON and the largest memory of any child so far, in MiB."""
    script = "import json,resource,subprocess,sys;out=subprocess.run(sys.argv[1:],check=True,capture_output=True,text=True)"
    script += ".stdout;print(json.dumps([json.loads(out),resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss/1024]))"
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main():
    if sys.argv[1] == "--views":
        print(json.dumps(views(*sys.argv[2:4])))
        return
    if sys.argv[1] == "--steps":
        print(json.dumps(steps(sys.argv[2])))
        return
    trainer, manifest, root, weights = sys.argv[1:5]
    rounds = int(sys.argv[5]) if len(sys.argv) > 5 else 3
    print(f"load of the machine before: {os.getloadavg()[0]:.2f} of {os.cpu_count()} cores")
    found = {"ours": [], "pytorch": []}
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "run.toml")
        with open(config, "w") as text:
            text.write(f'task = "multi_label"\n[weights]\nfile = "{weights}"\n')
            text.write(f"[schedule]\nbatch = {BATCH}\nmicro_batch = 2\n")
        ours = [trainer, "bench", manifest, "--root", root, "--config", config, "--json", "--quiet"]
        this = [sys.executable, os.path.abspath(__file__)]
        for number in range(rounds):
            said, _ = child([*ours, "--only", "views"])
            step, memory = child([*ours, "--only", "steps"])
            found["ours"].append((said["changed_views"], step["trained"], memory))
            said, _ = child([*this, "--views", manifest, root])
            step, memory = child([*this, "--steps", weights])
            found["pytorch"].append((said["changed_views"], step["trained"], memory))
            for side in found:
                print(f"round {number + 1} {side:8}", "  ".join(f"{value:8.1f}" for value in found[side][-1]))
    print(f"{'median':24}{'ours':>10}{'PyTorch':>10}{'ratio':>8}")
    names = ("changed views/s, one core", "trained/s, all cores", "MiB while training")
    for at, name in enumerate(names):
        a, b = (statistics.median(row[at] for row in found[side]) for side in ("ours", "pytorch"))
        print(f"{name:26}{a:8.1f}{b:10.1f}{a / b:8.2f}")


if __name__ == "__main__":
    main()
