#!/usr/bin/env python3
"""Reads HL7 v2 messages with a library that nobody here wrote.

    hl7_check.py FOLDER        each *.hl7 there; prints one JSON object a file

What it prints is what a receiver would understand, escapes undone; the caller compares. Needs hl7.
"""

import base64
import hashlib
import json
import pathlib
import sys

import hl7


def plain(message, value) -> str:
    return message.unescape(str(value))


def field(segment, number) -> str:
    return str(segment[number]) if number < len(segment) else ""


def component(message, segment, number, part) -> str:
    """A component, by the standard's numbers; empty where it is not there."""
    value = segment[number] if number < len(segment) else ""
    if not str(value):
        return ""
    repetition = value[0]
    if isinstance(repetition, str):
        return plain(message, repetition) if part == 1 else ""
    return plain(message, repetition[part - 1]) if part <= len(repetition) else ""


def check(path: pathlib.Path) -> dict:
    message = hl7.parse(path.read_bytes().decode("utf-8"))
    header, patient, request = message.segment("MSH"), message.segment("PID"), message.segment("OBR")
    observations = []
    for segment in message.segments("OBX"):
        kind = field(segment, 2)
        pdf = component(message, segment, 5, 5) if kind == "ED" else ""
        observations.append({
            "number": field(segment, 1),
            "kind": kind,
            "codes": [component(message, segment, 3, part) for part in (1, 4)],
            "eye": plain(message, field(segment, 4)),
            "value": "" if pdf else component(message, segment, 5, 9) or component(message, segment, 5, 2),
            "pdf": hashlib.sha256(base64.b64decode(pdf, validate=True)).hexdigest() if pdf else "",
            "status": field(segment, 11),
            "operator": plain(message, field(segment, 16)),
        })
    return {
        "file": path.name,
        "kind": field(header, 9),
        "control_id": field(header, 10),
        "processing": field(header, 11),
        "version": field(header, 12),
        "facility": plain(message, field(header, 4)),
        "patient": component(message, patient, 3, 1),
        "authority": component(message, patient, 3, 4),
        "name": [component(message, patient, 5, part) for part in (1, 2)],
        "birth_date": field(patient, 7),
        "report": component(message, request, 4, 1),
        "status": field(request, 25),
        "notes": [plain(message, field(segment, 3)) for segment in message.segments("NTE")],
        "observations": observations,
    }


def main() -> int:
    found = [check(path) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.hl7"))]
    for one in found:
        print(json.dumps(one))
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
