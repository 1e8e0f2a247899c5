"""The usual way from a photograph to a network's input in Python, timed: Pillow decodes, a threshold finds the field,
Pillow crops and resizes, NumPy normalises (VGG-16's Caffe convention).

    usual_way.py PHOTOGRAPH.jpg ROUNDS        prints the milliseconds of each round, one a line
"""

import io
import pathlib
import sys
import time

import numpy
from PIL import Image

SIDE = 224
MEANS = numpy.array([103.939, 116.779, 123.68], numpy.float32)


def tensor(data):
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    levels = numpy.asarray(picture)
    seen = levels.max(axis=2) > 12
    rows, columns = numpy.flatnonzero(seen.any(axis=1)), numpy.flatnonzero(seen.any(axis=0))
    field = picture.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    reduced = numpy.asarray(field.resize((SIDE, SIDE), Image.Resampling.BILINEAR), numpy.float32)
    return numpy.ascontiguousarray((reduced[:, :, ::-1] - MEANS).transpose(2, 0, 1))


photograph = pathlib.Path(sys.argv[1]).read_bytes()
tensor(photograph)
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    tensor(photograph)
    print(f"{(time.perf_counter() - start) * 1000:.3f}")
