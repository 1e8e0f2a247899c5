#!/usr/bin/env python3
"""A clinic's day on practice patients: how fast and how large `ocellus run` is.

  scripts/clinic-day.py PROGRAM PATIENTS [ARGUMENTS OF RUN...]

Presses the main control of every screen, patient after patient, and prints at the end: from the start to the ready
screen; from the photograph to what is said of it (the judging screen to the next), median and largest; how many live
pictures a second were shown while aiming; resident memory after the first tenth of the patients and at the end, and the
largest. Let nothing else run meanwhile.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time


def resident_mib(pid, field="VmRSS"):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(field):
                return int(line.split()[1]) / 1024
    raise SystemExit(f"no {field} of {pid}")


def main():
    program, patients, more = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    with tempfile.TemporaryDirectory() as store:
        settings = [f"store.folder={store}", "questions.enabled=[]", "encounter.rest_seconds=10"]
        command = [program, "run", "--script", *more]
        for setting in settings:
            command += ["--set", setting]
        began = time.monotonic()
        device = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"RUST_LOG": "warn,ocellus::shell::showing=info"},
        )
        paces = []

        def listen():
            for line in device.stderr:
                pace = re.search(r"live picture: ([0-9.]+) a second", line)
                if pace:
                    paces.append(float(pace[1]))
                else:
                    sys.stderr.write(line)

        threading.Thread(target=listen, daemon=True).start()
        ready = judging = None
        waits, memory, done, outcomes = [], [], 0, {}

        def press():
            # A touch or press is not meant for a screen that has just come.
            time.sleep(0.3)
            device.stdin.write("press\n")
            device.stdin.flush()
            time.sleep(0.05)
            device.stdin.write("release\n")
            device.stdin.flush()

        for line in device.stdout:
            screen, now = line.strip(), time.monotonic()
            if judging is not None and screen != "judging":
                waits.append(now - judging)
                judging = None
            if screen == "home":
                if ready is None:
                    ready = now - began
                memory.append(resident_mib(device.pid))
                if done == patients:
                    break
                done += 1
                press()
            elif screen == "judging":
                judging = now
            elif screen in ("result", "report", "retake", "which-eye", "offer-drops"):
                outcomes[screen] = outcomes.get(screen, 0) + 1
                press()
            elif screen.startswith("fault") or screen in ("blocked", "clock-not-set"):
                raise SystemExit(f"the day ended at the screen {screen}")
        largest = resident_mib(device.pid, "VmHWM")
        device.stdin.close()
        device.wait(timeout=30)
        tenth = memory[max(1, len(memory) // 10)]
        print(f"start to ready: {ready:.2f} s")
        print(f"photograph to result: median {statistics.median(waits):.2f} s, largest {max(waits):.2f} s, of {len(waits)}")
        if paces:
            print(f"live pictures a second: median {statistics.median(paces):.1f}, fewest {min(paces):.1f}, of {len(paces)} times aimed")
        print(f"resident: {tenth:.0f} MiB after a tenth, {memory[-1]:.0f} MiB at the end, {largest:.0f} MiB at most")
        print(f"patients: {done}; screens: {outcomes}")


main()
