"""Reads structured reports with highdicom, which checks TID 1500 and what is below, and prints what a viewer would show."""
import sys

import pydicom
from highdicom.sr import EnhancedSR, MeasurementReport

for file in sys.argv[1:]:
    print("file")
    report = EnhancedSR.from_dataset(pydicom.dcmread(file)).content
    assert isinstance(report, MeasurementReport), type(report)
    for group in report.get_image_measurement_groups():
        side = group.finding_sites[0].laterality.meaning
        print(f"group {group.tracking_identifier} side={side}")
        for evaluation in group.get_qualitative_evaluations():
            name, value = evaluation.name, evaluation.value
            print(f"  {name.scheme_designator}#{name.value} = {value.scheme_designator}#{value.value} ({value.meaning})")
        for measurement in group.get_measurements():
            print(f"  {measurement.name.meaning} = {measurement.value} {measurement.unit.value}")
