#!/usr/bin/env python3
"""Checks FHIR bundles with models that nobody here wrote.

    fhir_check.py FOLDER        each *.json there; prints one JSON object a file, exits 1 when one is not as it must be

Needs fhir.resources. Its newest versions have models of R5 and R4B (4.3.0), none of R4 (4.0.1). The resources used here
(Patient, Device, ImagingStudy, Observation, DiagnosticReport, Provenance, Bundle) are the same in R4 and R4B, so R4B's are
taken. They check elements, types, cardinality and choices; codes of required value sets are checked here, from the lists
the models carry, which for two of them stop early.
"""

import base64
import collections
import datetime
import hashlib
import json
import pathlib
import sys

from fhir.resources.R4B.bundle import Bundle


# What the models leave out, written "+" there: http://hl7.org/fhir/R4/valueset-observation-status.html and
# http://hl7.org/fhir/R4/valueset-diagnostic-report-status.html
REST = {
    "Observation": {"corrected", "cancelled", "entered-in-error", "unknown"},
    "DiagnosticReport": {"final", "amended", "corrected", "appended", "cancelled", "entered-in-error", "unknown"},
}


def codes_outside(model, path: str) -> list[str]:
    """Values that are not in the list of codes their field carries."""
    wrong = []
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        allowed = (field.json_schema_extra or {}).get("enum_values")
        if allowed and name == "status":
            allowed = {*allowed, *REST.get(type(model).__name__, ())}
        if value is not None and allowed and not isinstance(value, list) and value not in allowed:
            wrong.append(f"{path}.{name} is {value!r}")
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            if hasattr(type(item), "model_fields"):
                wrong += codes_outside(item, f"{path}.{name}[{number}]")
    return wrong


def references(value) -> list[str]:
    """All that point to an entry, from plain JSON."""
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [found for item in value.values() for found in references(item)]
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    return []


def check(path: pathlib.Path) -> dict:
    text = path.read_text(encoding="utf-8")
    plain = json.loads(text)
    bundle = Bundle.model_validate_json(text)
    wrong = codes_outside(bundle, "Bundle")
    # What the models read and write again is what was written, so that no element is one that they ignore.
    # (They write times with another offset of the same meaning.)
    again = json.loads(bundle.model_dump_json())
    if same(again) != same(plain):
        wrong.append("the models do not give back what they read")
    urls = [entry["fullUrl"] for entry in plain["entry"]]
    wrong += [f"{url} twice" for url, count in collections.Counter(urls).items() if count > 1]
    wrong += [f"{found} is not in the bundle" for found in references(plain) if found not in urls]
    pdfs = []
    for entry in plain["entry"]:
        resource, request = entry["resource"], entry["request"]
        kind = resource["resourceType"]
        if request["method"] == "PUT" and request["url"] != f"{kind}/{resource['id']}":
            wrong.append(f"{kind} {resource['id']} is put to {request['url']}")
        for form in resource.get("presentedForm", []):
            pdfs.append(hashlib.sha256(base64.b64decode(form["data"], validate=True)).hexdigest())
    kinds = collections.Counter(entry["resource"]["resourceType"] for entry in plain["entry"])
    return {"file": path.name, "wrong": wrong, "kinds": kinds, "pdfs": pdfs}


def same(value):
    """The value with times as instants and numbers as text of the same number."""
    if isinstance(value, dict):
        return {key: same(item) for key, item in value.items()}
    if isinstance(value, list):
        return [same(item) for item in value]
    if isinstance(value, str) and len(value) >= 20 and value[4:5] == "-" and "T" in value:
        try:
            return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        except ValueError:
            return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return value


def main() -> int:
    found = [check(path) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json"))]
    for one in found:
        print(json.dumps(one))
    return 0 if found and not any(one["wrong"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
