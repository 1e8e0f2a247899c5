"""An HTTPS server: fhir_server.py PORT CERTIFICATES FOLDER STATUS...; says "ready" when it listens.

Answers each POST with the next status (the last one stays) and writes what came into the folder, one file a request.
"""
import http.server
import json
import pathlib
import ssl
import sys

port, certificates, folder, statuses = int(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4:]
count = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global count
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        count += 1
        kept = {"path": self.path, "authorization": self.headers.get("Authorization"), "body": body}
        (folder / f"{count:03}.json").write_text(json.dumps(kept))
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        kind = "application/fhir+json"
        if status == "html":
            status, kind, answer = "200", "text/html", "<html>sign in</html>"
        elif status == "200":
            entries = [{"response": {"status": "201 Created"}} for _ in body["entry"]]
            answer = json.dumps({"resourceType": "Bundle", "type": "transaction-response", "entry": entries})
        else:
            issue = {"severity": "error", "code": "invalid", "diagnostics": "Roe, Jane is not known",
                     "expression": ["Bundle.entry[0].resource.name"]}
            answer = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
        data = answer.encode()
        self.send_response(int(status))
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
context.load_verify_locations(certificates / "ca.pem")
context.verify_mode = ssl.CERT_REQUIRED
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
