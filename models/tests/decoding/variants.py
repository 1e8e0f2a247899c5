"""Writes one picture in every form that the decoder has to read or to refuse, with what other people's software makes
of it (Pillow, LittleCMS through Pillow, pydicom).

    variants.py PICTURE.png PROFILE.icc OUT

PROFILE is an ICC profile of an RGB space that is not sRGB. OUT/index.json lists the files: `expected` is a PNG of the
right pixels, `refused` a word that the error has to name; `mean` and `most` bound the difference in levels.
"""

import io
import json
import pathlib
import struct
import sys
import zlib

import numpy
import pydicom
from PIL import Image, ImageCms, ImageOps
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit, generate_uid

picture = Image.open(sys.argv[1]).convert("RGB")
foreign = pathlib.Path(sys.argv[2]).read_bytes()
out = pathlib.Path(sys.argv[3])
array = numpy.asarray(picture)
height, width = array.shape[:2]
index = []

# Chroma is interpolated differently by every decoder; the discrete cosine transform rounds differently.
JPEG = {"mean": 0.6, "most": 24}
EXACT = {"mean": 0.0, "most": 0}


def right(name, data, expected, bounds=EXACT, **more):
    (out / name).write_bytes(data)
    expected.convert("RGB").save(out / f"{name}.expected.png")
    index.append({"file": name, "expected": f"{name}.expected.png", **bounds, **more})


def refused(name, data, word):
    (out / name).write_bytes(data)
    index.append({"file": name, "refused": word})


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def seen(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def cuts(name, data, kind):
    """Every way of ending early is an error."""
    stem, ending = name.split(".")
    for part in [2, 10, 30, 50, 60, 80, 95, 99]:
        refused(f"{stem}_cut_{part}.{ending}", data[: max(len(data) * part // 100, 12)], kind)


# --- JPEG -------------------------------------------------------------------------------------------------------------
for name, options in {
    "baseline_444": {"subsampling": 0},
    "baseline_422": {"subsampling": 1},
    "baseline_420": {"subsampling": 2},
    "progressive": {"progressive": True},
    "progressive_444": {"progressive": True, "subsampling": 0},
    "restarts": {"restart_marker_rows": 1},
    "restarts_often": {"restart_marker_blocks": 3, "subsampling": 2},
    "optimised": {"optimize": True},
    "low": {"quality": 30},
}.items():
    data = saved(picture, "JPEG", **{"quality": 92, **options})
    right(f"{name}.jpg", data, seen(data), JPEG)
    cuts(f"{name}.jpg", data, "JPEG")
baseline = saved(picture, "JPEG", quality=92, subsampling=2)
right("trailing.jpg", baseline + b"\0" * 700 + b"something else", seen(baseline), JPEG)
grey = saved(picture.convert("L"), "JPEG", quality=92)
right("grey.jpg", grey, seen(grey), JPEG, conversion="grey")
stored_rgb = saved(picture, "JPEG", quality=92, keep_rgb=True)
right("stored_rgb.jpg", stored_rgb, seen(stored_rgb), JPEG)
frame, scan = stored_rgb.index(b"\xff\xc0"), stored_rgb.index(b"\xff\xda")
numbered = bytearray(stored_rgb)
for number in range(3):
    numbered[frame + 10 + 3 * number] = numbered[scan + 5 + 2 * number] = number + 1
right("stored_rgb_numbered.jpg", bytes(numbered), seen(stored_rgb), JPEG)
cmyk = saved(picture.convert("CMYK"), "JPEG", quality=92)
refused("cmyk.jpg", cmyk, "CMYK")
adobe = cmyk.index(b"Adobe")
refused("ycck.jpg", cmyk[: adobe + 11] + b"\2" + cmyk[adobe + 12 :], "YCCK")
frame = baseline.index(b"\xff\xc0")
refused("twelve_bits.jpg", baseline[: frame + 4] + b"\x0c" + baseline[frame + 5 :], "12 bits")
refused("arithmetic.jpg", baseline[:frame] + b"\xff\xc9" + baseline[frame + 2 :], "arithmetic")
refused("lossless.jpg", baseline[:frame] + b"\xff\xc3" + baseline[frame + 2 :], "lossless")
refused("bomb.jpg", baseline[: frame + 5] + b"\xff\xdc\xff\xdc" + baseline[frame + 9 :], "65500 x 65500")
refused("tiny.jpg", saved(picture.resize((40, 40)), "JPEG"), "40 x 40")
for part in [5, 30, 60, 80, 90]:
    for name, options in {"baseline": {}, "progressive": {"progressive": True}, "restarts": {"restart_marker_rows": 1}}.items():
        data = saved(picture, "JPEG", quality=92, **options)
        # Behind 75 %, all that a progressive picture lacks is the last bit of its detail.
        if name != "progressive" or part < 75:
            refused(f"{name}_ended_{part}.jpg", data[: len(data) * part // 100] + b"\xff\xd9", "JPEG")
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(picture, "JPEG", quality=92, exif=exif)
    turned = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    right(f"exif_{orientation}.jpg", data, turned, JPEG, orientation=orientation)

# --- ICC --------------------------------------------------------------------------------------------------------------
srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
in_srgb = ImageCms.profileToProfile(
    picture, ImageCms.ImageCmsProfile(io.BytesIO(foreign)), srgb, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
)
CONVERTED = {"mean": 0.7, "most": 4}
right("foreign.png", saved(picture, "PNG", icc_profile=foreign), in_srgb, CONVERTED, conversion="colour profile")
right("foreign.tif", saved(picture, "TIFF", icc_profile=foreign), in_srgb, CONVERTED, conversion="colour profile")
right("srgb.png", saved(picture, "PNG", icc_profile=srgb.tobytes()), picture)
data = saved(picture, "JPEG", quality=95, subsampling=0, icc_profile=foreign)
converted = ImageCms.profileToProfile(
    seen(data), ImageCms.ImageCmsProfile(io.BytesIO(foreign)), srgb, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
)
right("foreign.jpg", data, converted, {"mean": 1.0, "most": 24}, conversion="colour profile")
refused("broken_profile.jpg", saved(picture, "JPEG", icc_profile=b"no profile at all" * 20), "profile")
lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
refused("lab_profile.png", saved(picture, "PNG", icc_profile=lab), "profile")


# --- PNG --------------------------------------------------------------------------------------------------------------
def png(samples, colour, depth, chunks=()):
    """A PNG of any depth; Pillow writes no 16-bit colour."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = samples.astype(">u2" if depth == 16 else "u1")
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", rows.shape[1], rows.shape[0], depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", head) + b"".join(chunk(*c) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


deep = array.astype(numpy.uint32) * 257
plain = saved(picture, "PNG")
right("plain.png", plain, picture)
cuts("plain.png", plain, "PNG")
right("deep.png", png(deep, 2, 16), picture, conversion="16 bits")
right("deep_grey.png", png(deep[:, :, 1], 0, 16), Image.fromarray(array[:, :, 1]), conversion="16 bits")
right("grey.png", saved(picture.convert("L"), "PNG"), picture.convert("L"), conversion="grey")
palette = picture.quantize(200)
right("palette.png", saved(palette, "PNG"), palette)
right("opaque.png", saved(picture.convert("RGBA"), "PNG"), picture)
mask = numpy.full((height, width), 255, numpy.uint8)
mask[: height // 3, : width // 4] = 0
hidden = numpy.where(mask[:, :, None] == 0, 0, array).astype(numpy.uint8)
rgba = numpy.dstack([array, mask])
right("hidden.png", saved(Image.fromarray(rgba), "PNG"), Image.fromarray(hidden), conversion="transparent")
refused("invisible.png", saved(Image.fromarray(numpy.dstack([array, mask * 0])), "PNG"), "transparen")
refused("twelve_bits.png", png(deep // 16, 2, 16), "12 bits")
refused("linear.png", png(array, 2, 8, [(b"gAMA", struct.pack(">I", 100000))]), "gamma")
right("gamma.png", png(array, 2, 8, [(b"gAMA", struct.pack(">I", 45455))]), picture)
refused("bomb.png", plain[:16] + struct.pack(">II", 60000, 60000) + plain[24:29] +
        struct.pack(">I", zlib.crc32(plain[12:16] + struct.pack(">II", 60000, 60000) + plain[24:29])) + plain[33:], "60000 x 60000")
exif = Image.Exif()
exif[0x0112] = 6
right("turned.png", saved(picture, "PNG", exif=exif), picture.transpose(Image.Transpose.ROTATE_270), orientation=6)

# --- TIFF and BMP -----------------------------------------------------------------------------------------------------
for name, options in {
    "plain": {},
    "lzw": {"compression": "tiff_lzw"},
    "deflate": {"compression": "tiff_adobe_deflate"},
    "packbits": {"compression": "packbits"},
}.items():
    data = saved(picture, "TIFF", **options)
    right(f"{name}.tif", data, picture)
    if name != "packbits":
        cuts(f"{name}.tif", data, "TIFF")
right("turned.tif", saved(picture, "TIFF", tiffinfo={274: 6}), picture.transpose(Image.Transpose.ROTATE_270), orientation=6)
refused("cmyk.tif", saved(picture.convert("CMYK"), "TIFF"), "CMYK")
refused("float.tif", saved(picture.convert("F"), "TIFF"), "TIFF")
refused("two.tif", saved(picture, "TIFF", save_all=True, append_images=[picture.rotate(90)]), "2 photographs")
plain = saved(picture, "BMP")
right("plain.bmp", plain, picture)
right("palette.bmp", saved(palette, "BMP"), palette)
cuts("plain.bmp", plain, "BMP")
refused("bomb.bmp", plain[:18] + struct.pack("<ii", 60000, 60000) + plain[26:], "60000 x 60000")


# --- DICOM ------------------------------------------------------------------------------------------------------------
def dicom(pixels, syntax=ExplicitVRLittleEndian, **attributes):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.5.1"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = syntax
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.PatientName = "Test^Eye"
    dataset.Modality = "OP"
    dataset.Rows, dataset.Columns = height, width
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    dataset.NumberOfFrames = 1
    for name, value in attributes.items():
        setattr(dataset, name, value)
    dataset.PixelData = pixels
    if syntax == JPEGBaseline8Bit:
        dataset["PixelData"].is_undefined_length = True
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


raw = array.tobytes()
native = dicom(raw, ImageLaterality="L")
right("native.dcm", native, picture, laterality="OS")
right("right_eye.dcm", dicom(raw, ImageLaterality="R"), picture, laterality="OD")
cuts("native.dcm", native, "DICOM")
right("implicit.dcm", dicom(raw, ImplicitVRLittleEndian), picture)
right("planes.dcm", dicom(array.transpose(2, 0, 1).tobytes(), PlanarConfiguration=1), picture)
right("profile.dcm", dicom(raw, ICCProfile=foreign), in_srgb, CONVERTED, conversion="colour profile")
ycbcr = picture.convert("YCbCr")
right("ycbcr.dcm", dicom(ycbcr.tobytes(), PhotometricInterpretation="YBR_FULL"), ycbcr.convert("RGB"), {"mean": 0.5, "most": 1})
stream = saved(picture, "JPEG", quality=92, subsampling=1)
jpeg = dicom(encapsulate([stream]), JPEGBaseline8Bit, PhotometricInterpretation="YBR_FULL_422")
right("jpeg.dcm", jpeg, seen(stream), JPEG)
cuts("jpeg.dcm", jpeg, "")
pieces = dicom(encapsulate([stream], fragments_per_frame=3), JPEGBaseline8Bit, PhotometricInterpretation="YBR_FULL_422")
right("pieces.dcm", pieces, seen(stream), JPEG)
# Some writers say RGB of a JFIF stream; the stream is right.
right("says_rgb.dcm", dicom(encapsulate([stream]), JPEGBaseline8Bit), seen(stream), JPEG)
# Without any marker the object decides: three components are then RGB as they stand.
marker = stored_rgb.index(b"\xff\xee")
bare = stored_rgb[:marker] + stored_rgb[marker + 2 + int.from_bytes(stored_rgb[marker + 2 : marker + 4], "big") :]
frame = bare.index(b"\xff\xc0")
right("bare_rgb.dcm", dicom(encapsulate([bare]), JPEGBaseline8Bit), seen(stored_rgb), JPEG)
refused("grey.dcm", dicom(raw[: width * height], SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2"), "MONOCHROME2")
refused("deep.dcm", dicom(raw * 2, BitsAllocated=16, BitsStored=12, HighBit=11), "12 bits")
refused("frames.dcm", dicom(raw * 2, NumberOfFrames=2), "2 photographs")
refused("bomb.dcm", dicom(raw, Rows=65000, Columns=65000), "65000 x 65000")
refused("jpeg2000.dcm", dicom(encapsulate([stream]), JPEGBaseline8Bit).replace(b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.4.90"), "transfer syntax")

# --- Not photographs --------------------------------------------------------------------------------------------------
refused("empty.jpg", b"", "empty")
refused("text.jpg", b"This is not a photograph, whatever its name says.\n", "not a photograph")
refused("gif.gif", saved(picture, "GIF"), "not a photograph")
refused("webp.webp", b"RIFF\0\0\0\0WEBPVP8 ", "not a photograph")

# --- A camera's stream: baseline with the standard tables, which are then left out --------------------------------------
stripped, at = baseline, 0
while (at := stripped.find(b"\xff\xc4", at)) >= 0 and at < stripped.index(b"\xff\xda"):
    stripped = stripped[:at] + stripped[at + 2 + int.from_bytes(stripped[at + 2 : at + 4], "big") :]
(out / "with_tables.mjpeg").write_bytes(baseline)
(out / "without_tables.mjpeg").write_bytes(stripped)

(out / "index.json").write_text(json.dumps(index, indent=1))
