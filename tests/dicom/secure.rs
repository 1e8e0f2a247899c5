//! TLS with DCMTK's server: certificates on both sides, and every way in which they do not fit.

use std::{fs, path::Path, process::Command};

use ocellus::interchange::dicom::net::{
    Identity, Listener, NetError, Peer, Step, Times, Tls, TlsError, TlsServer, echo, store,
};
use tempfile::TempDir;

use crate::{
    samples::{objects, usual},
    tools::{Running, few_lines, free_port, peer, run, said, title},
};

fn openssl(folder: &Path, arguments: &str) {
    let arguments: Vec<String> =
        arguments.split_whitespace().map(|word| word.replace('@', &format!("{}/", folder.display()))).collect();
    let output = run("openssl", &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", said(&output));
}

/// An authority, and certificates of it for a server and a client.
pub(crate) fn certificates() -> TempDir {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let key = "req -x509 -newkey rsa:2048 -nodes -days 2";
    for authority in ["ca", "other"] {
        openssl(at, &format!("{key} -keyout @{authority}.key -out @{authority}.pem -subj /CN={authority}"));
    }
    fs::write(at.join("names"), "subjectAltName=DNS:archive.example,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        .unwrap();
    for name in ["server", "client"] {
        openssl(at, &format!("req -newkey rsa:2048 -nodes -keyout @{name}.key -out @{name}.csr -subj /CN={name}"));
        openssl(
            at,
            &format!(
                "x509 -req -in @{name}.csr -CA @ca.pem -CAkey @ca.key -CAcreateserial -days 2 -extfile @names -out @{name}.pem"
            ),
        );
    }
    folder
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

fn with_tls(port: u16, tls: Tls) -> Peer {
    Peer { tls: Some(tls), ..peer("ANY", port) }
}

// verifies: RQ-155
#[test]
fn objects_go_over_tls_and_certificates_that_do_not_fit_are_told() {
    let folder = certificates();
    let at = folder.path();
    let file = |name: &str| at.join(name).display().to_string();
    let port = free_port();
    let mut command = Command::new("storescp");
    command.args(["--output-directory", &file(""), "--enable-tls", &file("server.key"), &file("server.pem")]);
    command.args(["--add-cert-file", &file("ca.pem"), "--require-peer-cert", &port.to_string()]);
    let _running = Running::start(&mut command, port);
    let (chain, key) = (read(at, "client.pem"), read(at, "client.key"));
    let identity = Identity { chain: &chain, key: &key };
    let authority = read(at, "ca.pem");
    let good = Tls::new(&authority, Some(identity), None).unwrap();
    assert_eq!(echo(&with_tls(port, good.clone())), Ok(()));
    let transfer = store(&with_tls(port, good), &objects(&usual()));
    assert!(transfer.is_complete(), "{transfer:?}");

    let fails = |tls: Tls| echo(&with_tls(port, tls)).unwrap_err();
    let by_name = Tls::new(&authority, Some(identity), Some("archive.example")).unwrap();
    assert_eq!(echo(&with_tls(port, by_name)), Ok(()));
    let wrong_name = fails(Tls::new(&authority, Some(identity), Some("elsewhere.example")).unwrap());
    assert!(matches!(wrong_name, NetError::Tls { .. }), "{wrong_name}");
    let untrusted = fails(Tls::new(&read(at, "other.pem"), Some(identity), None).unwrap());
    assert!(matches!(untrusted, NetError::Tls { .. }), "{untrusted}");
    // Without our certificate the server ends it, after a handshake that we think went well.
    let nobody = fails(Tls::new(&authority, None, None).unwrap());
    assert!(matches!(nobody, NetError::Tls { .. } | NetError::Closed { .. }), "{nobody}");
    // Plain where TLS is due.
    let plain = echo(&peer("ANY", port)).unwrap_err();
    assert!(matches!(plain, NetError::SpeaksTls | NetError::Closed { .. }), "{plain}");
}

#[test]
fn tls_where_the_peer_is_plain_is_told() {
    let folder = certificates();
    let port = free_port();
    let _running = Running::start(Command::new("storescp").arg(port.to_string()), port);
    let tls = Tls::new(&read(folder.path(), "ca.pem"), None, None).unwrap();
    let found = echo(&with_tls(port, tls)).unwrap_err();
    assert!(matches!(found, NetError::Tls { .. }) && found.to_string().contains("speaks TLS"), "{found}");
}

#[test]
fn a_silent_peer_is_not_waited_for_longer_with_tls() {
    let folder = certificates();
    let port = few_lines(|stream| {
        std::thread::sleep(std::time::Duration::from_secs(6));
        drop(stream);
    });
    let tls = Tls::new(&read(folder.path(), "ca.pem"), None, None).unwrap();
    let found = echo(&with_tls(port, tls)).unwrap_err();
    assert_eq!(found, NetError::TimedOut { step: Step::Secure, after: std::time::Duration::from_secs(2) });
}

// verifies: RQ-155
#[test]
fn the_listener_takes_only_those_with_a_certificate() {
    let folder = certificates();
    let at = folder.path();
    let authority = read(at, "ca.pem");
    let (chain, key) = (read(at, "server.pem"), read(at, "server.key"));
    let server = TlsServer::new(&authority, Identity { chain: &chain, key: &key }).unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(address, title("OCELLUS"), Times::default(), Some(server)).unwrap();
    let port = listener.address().unwrap().port();
    let waiting = std::thread::spawn(move || listener.next(std::time::Duration::from_secs(3)));
    let (chain, key) = (read(at, "client.pem"), read(at, "client.key"));
    let identity = Identity { chain: &chain, key: &key };
    let back = |identity| {
        let tls = Tls::new(&authority, identity, None).unwrap();
        Peer { tls: Some(tls), ..peer("OCELLUS", port) }
    };
    assert_eq!(echo(&back(Some(identity))), Ok(()));
    let found = echo(&back(None)).unwrap_err();
    assert!(matches!(found, NetError::Tls { .. } | NetError::Closed { .. }), "{found}");
    assert_eq!(waiting.join().unwrap(), Ok(None));
}

#[test]
fn what_is_no_certificate_is_refused_at_once() {
    for pem in [&b""[..], b"not PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let found = Tls::new(pem, None, None).unwrap_err();
        assert!(matches!(found, TlsError::Pem { .. } | TlsError::Unusable { .. }), "{found}");
    }
    let identity = Identity { chain: b"", key: b"secret" };
    assert!(!format!("{identity:?}").contains("115"));
}
