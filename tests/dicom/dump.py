"""Prints every element of a DICOM file as pydicom reads it, one a line: path=value. Bytes as length and SHA-256."""
import hashlib
import sys

import pydicom
from pydicom.encaps import generate_frames


def show(dataset, path):
    for element in dataset:
        name = path + (element.keyword or str(element.tag))
        if element.tag.is_private:
            print(f"{name}=PRIVATE")
        elif element.VR == "SQ":
            print(f"{name}#={len(element.value)}")
            for number, item in enumerate(element.value):
                show(item, f"{name}[{number}].")
        elif element.keyword == "PixelData" and dataset.file_meta.TransferSyntaxUID.is_compressed:
            frames = list(generate_frames(element.value, number_of_frames=1))
            print(f"{name}[frames]={len(frames)}")
            print(f"{name}={len(frames[0])} {hashlib.sha256(frames[0]).hexdigest()}")
        elif isinstance(element.value, bytes):
            print(f"{name}={len(element.value)} {hashlib.sha256(element.value).hexdigest()}")
        elif element.VM > 1:
            print(f"{name}=" + "\\".join(str(value) for value in element.value))
        else:
            print(f"{name}={'' if element.value is None else element.value}")


for file in sys.argv[1:]:
    print("file")
    dataset = pydicom.dcmread(file)
    show(dataset.file_meta, "meta.")
    show(dataset, "")
