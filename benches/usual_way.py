"""The usual way in Python, timed: Pillow decodes, a threshold finds the field, Pillow crops and resizes, NumPy normalises
(VGG-16's Caffe convention); with a network, onnxruntime runs it on one thread.

    usual_way.py PHOTOGRAPH.jpg ROUNDS SIDE [NETWORK.onnx]    prints the milliseconds of each round, one a line
"""

import io
import pathlib
import sys
import time

import numpy
from PIL import Image

MEANS = numpy.array([103.939, 116.779, 123.68], numpy.float32)


def tensor(data, side):
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    levels = numpy.asarray(picture)
    seen = levels.max(axis=2) > 12
    rows, columns = numpy.flatnonzero(seen.any(axis=1)), numpy.flatnonzero(seen.any(axis=0))
    field = picture.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    reduced = numpy.asarray(field.resize((side, side), Image.Resampling.BILINEAR), numpy.float32)
    return numpy.ascontiguousarray((reduced[:, :, ::-1] - MEANS).transpose(2, 0, 1))


def one_thread(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda photograph: session.run(None, {name: photograph[None]})


photograph, rounds, side = pathlib.Path(sys.argv[1]).read_bytes(), int(sys.argv[2]), int(sys.argv[3])
network = one_thread(sys.argv[4]) if len(sys.argv) > 4 else lambda photograph: None
network(tensor(photograph, side))
for _ in range(rounds):
    start = time.perf_counter()
    network(tensor(photograph, side))
    print(f"{(time.perf_counter() - start) * 1000:.3f}")
