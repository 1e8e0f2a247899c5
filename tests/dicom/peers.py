"""Peers that behave as told: peers.py MODE PORT [ARGUMENT...]; says "ready" when it listens."""
import sys
import threading
import time

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit
from pynetdicom import AE, evt, build_role
from pynetdicom.sop_class import (
    CTImageStorage,
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    ModalityWorklistInformationFind,
    OphthalmicPhotography8BitImageStorage,
    StorageCommitmentPushModel,
    Verification,
)

mode, port, arguments = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
PLAIN = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
STORAGE = [OphthalmicPhotography8BitImageStorage, EncapsulatedPDFStorage, EnhancedSRStorage]

ae = AE(ae_title="PEER")
handlers = []


def support(classes, syntaxes=PLAIN):
    for one in classes:
        ae.add_supported_context(one, syntaxes)


def status_of(event):
    """Statuses in turn, from the arguments; the last one stays."""
    code = statuses.pop(0) if len(statuses) > 1 else statuses[0]
    answer = Dataset()
    answer.Status = code
    if code:
        answer.ErrorComment = "ROE^JANE is not known here"
    return answer


def sleep(event):
    time.sleep(30)
    return 0x0000


def abort(event):
    event.assoc.abort()
    return 0x0000


statuses = [int(argument, 16) for argument in arguments] if mode.startswith("status") else []
if mode == "called":
    support([Verification])
    ae.ae_title = "OTHER"
    ae.require_called_aet = True
elif mode == "calling":
    support([Verification])
    ae.require_calling_aet = ["OTHER"]
elif mode == "other_class":
    support([CTImageStorage])
elif mode == "other_syntax":
    support([Verification, *STORAGE, ModalityWorklistInformationFind], ["1.2.840.10008.1.2.2"])
elif mode == "implicit":
    support([Verification, *STORAGE], [ImplicitVRLittleEndian])
    handlers.append((evt.EVT_C_STORE, lambda event: 0x0000))
elif mode == "status_echo":
    support([Verification])
    handlers.append((evt.EVT_C_ECHO, status_of))
elif mode == "status_store":
    support(STORAGE, PLAIN)
    support(STORAGE, [JPEGBaseline8Bit, *PLAIN])
    handlers.append((evt.EVT_C_STORE, status_of))
elif mode == "status_find":
    support([ModalityWorklistInformationFind])
    handlers.append((evt.EVT_C_FIND, lambda event: iter([(status_of(event), None)])))
elif mode == "dislikes_jpeg":
    support(STORAGE, [JPEGBaseline8Bit, *PLAIN])

    def dislikes(event):
        return 0xC000 if event.context.transfer_syntax == JPEGBaseline8Bit else 0x0000

    handlers.append((evt.EVT_C_STORE, dislikes))
elif mode == "slow":
    support([Verification, *STORAGE, ModalityWorklistInformationFind])
    handlers += [(evt.EVT_C_ECHO, sleep), (evt.EVT_C_STORE, sleep)]
elif mode == "aborts":
    support([Verification, *STORAGE])
    handlers += [(evt.EVT_C_ECHO, abort), (evt.EVT_C_STORE, abort)]
elif mode == "aborts_second":
    support(STORAGE)
    count = [0]

    def second(event):
        count[0] += 1
        if count[0] == 2:
            event.assoc.abort()
        return 0x0000

    handlers.append((evt.EVT_C_STORE, second))
elif mode == "many":
    support([ModalityWorklistInformationFind])

    def many(event):
        for number in range(int(arguments[0])):
            if event.is_cancelled:
                yield 0xFE00, None
                return
            entry = Dataset()
            # The second one cannot be used: nobody can be told by an empty number.
            entry.PatientID = "" if number == 1 else f"P{number}"
            entry.PatientName = "Roe^Jane"
            yield 0xFF00, entry
        yield 0x0000, None

    handlers.append((evt.EVT_C_FIND, many))
elif mode == "late":
    # PORT TRANSACTION UID,UID,...: says at once what it keeps of an earlier request, and ends.
    report = Dataset()
    report.TransactionUID = arguments[1]
    report.ReferencedSOPSequence = []
    for uid in arguments[2].split(","):
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = OphthalmicPhotography8BitImageStorage, uid
        report.ReferencedSOPSequence.append(item)
    ae.add_requested_context(StorageCommitmentPushModel, PLAIN)
    role = build_role(StorageCommitmentPushModel, scp_role=True)
    assoc = ae.associate("127.0.0.1", int(arguments[0]), ae_title="OCELLUS", ext_neg=[role])
    status, _ = assoc.send_n_event_report(report, 1, StorageCommitmentPushModel, "1.2.840.10008.1.20.1.1")
    assoc.release()
    sys.exit(0 if status and status.Status == 0 else 1)
elif mode in ("commit", "archive"):
    # here | elsewhere PORT | never | refused | partial | unmentioned
    how = arguments[0]
    ae.add_supported_context(StorageCommitmentPushModel, PLAIN)
    if mode == "archive":
        support(STORAGE, [JPEGBaseline8Bit, *PLAIN])
        handlers.append((evt.EVT_C_STORE, lambda event: 0x0000))

    def report_of(request):
        report = Dataset()
        report.TransactionUID = request.TransactionUID
        items = list(request.ReferencedSOPSequence)
        failed = []
        if how == "partial":
            failed.append(items.pop())
            failed[0].FailureReason = 0x0112
        if how == "unmentioned":
            items.pop()
        report.ReferencedSOPSequence = items
        if failed:
            report.FailedSOPSequence = failed
        return report, 2 if failed else 1

    def action(event):
        if how == "refused":
            return 0x0124, None
        report, kind = report_of(event.action_information)
        well_known = "1.2.840.10008.1.20.1.1"
        if how in ("here", "partial", "unmentioned"):
            def send():
                time.sleep(0.3)
                event.assoc.send_n_event_report(report, kind, StorageCommitmentPushModel, well_known)
            threading.Thread(target=send, daemon=True).start()
        if how == "elsewhere":
            def call():
                time.sleep(0.5)
                back = AE(ae_title="PEER")
                back.add_requested_context(StorageCommitmentPushModel, PLAIN)
                role = build_role(StorageCommitmentPushModel, scp_role=True)
                assoc = back.associate("127.0.0.1", int(arguments[1]), ae_title="OCELLUS", ext_neg=[role])
                assoc.send_n_event_report(report, kind, StorageCommitmentPushModel, well_known)
                assoc.release()
            threading.Thread(target=call, daemon=True).start()
        return 0x0000, None

    handlers.append((evt.EVT_N_ACTION, action))
else:
    raise SystemExit(f"no mode {mode}")

server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
print("ready", flush=True)
threading.Event().wait()
