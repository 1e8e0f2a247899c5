"""TLS before a server that knows none: tls_front.py PORT CERTIFICATES PLAIN_PORT. Takes only clients with a certificate."""

import socket
import ssl
import sys
import threading

port, folder, plain = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
context.load_verify_locations(f"{folder}/ca.pem")
context.verify_mode = ssl.CERT_REQUIRED


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        sink.close()


def serve(accepted):
    try:
        client = context.wrap_socket(accepted, server_side=True)
    except (ssl.SSLError, OSError):
        accepted.close()
        return
    server = socket.create_connection(("127.0.0.1", plain))
    threading.Thread(target=pump, args=(client, server), daemon=True).start()
    pump(server, client)


listener = socket.create_server(("127.0.0.1", port))
print("ready", flush=True)
while True:
    accepted, _ = listener.accept()
    threading.Thread(target=serve, args=(accepted,), daemon=True).start()
