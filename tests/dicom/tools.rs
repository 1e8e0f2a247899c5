//! Other people's programs: found, started on free ports, and ended.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use dicom_ul::pdu::{
    AssociationAC, PDataValue, PDataValueType, Pdu, PresentationContextResult, PresentationContextResultReason,
    UserVariableItem, read_pdu, write_pdu,
};
use ocellus::interchange::dicom::net::{AeTitle, Peer, Times};
use ocellus_tests::real;

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

/// Runs a program to its end.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// Standard output and error together.
pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The Python with pydicom, pynetdicom and highdicom.
pub(crate) fn python() -> String {
    let python = real::root().join("target/check-venv/bin/python");
    assert!(python.exists(), "{} is not there: run scripts/setup.sh test", python.display());
    python.display().to_string()
}

/// A file beside the tests.
pub(crate) fn beside(name: &str) -> PathBuf {
    real::root().join("tests/dicom").join(name)
}

/// A program that runs until the test ends.
pub(crate) struct Running {
    child: Child,
    pub(crate) port: u16,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts a program and waits until its port answers.
    pub(crate) fn start(command: &mut Command, port: u16) -> Self {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        let running = Running { child, port };
        answers(port);
        running
    }

    /// Starts a scripted peer, which says when it is ready.
    pub(crate) fn scripted(mode: &str, more: &[&str]) -> Self {
        let port = free_port();
        let mut command = Command::new(python());
        command.arg(beside("peers.py")).arg(mode).arg(port.to_string()).args(more);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("Python starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("it has an output");
        BufReader::new(out).read_line(&mut line).expect("it can be read");
        assert_eq!(line.trim(), "ready", "{mode}");
        Running { child, port }
    }
}

/// Waits until somebody listens on a port.
pub(crate) fn answers(port: u16) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(Instant::now() < deadline, "nobody listens on port {port}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A peer on this machine, with little patience.
pub(crate) fn peer(called: &str, port: u16) -> Peer {
    let [connect, answer, send, release] = [2_000, 3_000, 5_000, 1_000].map(Duration::from_millis);
    Peer {
        host: "127.0.0.1".to_owned(),
        port,
        called: title(called),
        calling: title("OCELLUS"),
        times: Times { connect, answer, send, release },
        tls: None,
    }
}

pub(crate) fn title(text: &str) -> AeTitle {
    text.parse().expect("an AE title")
}

/// A peer that is a few lines: what it does with the first connection.
pub(crate) fn few_lines(does: impl FnOnce(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    thread::spawn(move || {
        if let Ok((stream, _)) = listener.accept() {
            does(stream);
        }
    });
    port
}

/// Reads what has come so far.
pub(crate) fn read_some(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    let _ = stream.read(&mut buffer);
}

/// An HTTP request without a body; the body of the answer.
pub(crate) fn get(port: u16, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).expect("HTTP is there");
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("it can be asked");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("the answer has a head");
    assert!(answer.starts_with(b"HTTP/1.1 200") || answer.starts_with(b"HTTP/1.0 200"), "{path}");
    answer.split_off(head + 4)
}

/// The acceptance of an echo and the answer to it, byte by byte.
pub(crate) fn echo_answered() -> Vec<u8> {
    let context = PresentationContextResult {
        id: 1,
        reason: PresentationContextResultReason::Acceptance,
        transfer_syntax: "1.2.840.10008.1.2.1".to_owned(),
    };
    let acceptance = AssociationAC {
        protocol_version: 1,
        calling_ae_title: "OCELLUS".to_owned(),
        called_ae_title: "PEER".to_owned(),
        application_context_name: "1.2.840.10008.3.1.1.1".to_owned(),
        presentation_contexts: vec![context],
        user_variables: vec![UserVariableItem::MaxLength(16_384)],
    };
    let answer: [(u16, &[u8]); 4] = [(0x0100, &[0x30, 0x80]), (0x0120, &[1, 0]), (0x0800, &[1, 1]), (0x0900, &[0, 0])];
    let value = PDataValue {
        presentation_context_id: 1,
        value_type: PDataValueType::Command,
        is_last: true,
        data: command_set(&answer),
    };
    let mut bytes = Vec::new();
    for pdu in [Pdu::AssociationAC(acceptance), Pdu::PData { data: vec![value] }] {
        write_pdu(&mut bytes, &pdu).expect("it can be written");
    }
    bytes
}

fn command_set(elements: &[(u16, &[u8])]) -> Vec<u8> {
    let element = |(element, value): &(u16, &[u8])| {
        let length = u32::try_from(value.len()).expect("it is short").to_le_bytes();
        [&[0, 0], element.to_le_bytes().as_slice(), &length, value].concat()
    };
    elements.iter().flat_map(element).collect()
}

/// A peer that agrees to everything, and answers the first message with a command set of these elements of group 0, and a
/// data set that nobody asked for where told to.
pub(crate) fn answers_with(elements: &'static [(u16, &'static [u8])], and_data: bool) -> u16 {
    few_lines(move |mut stream| {
        let Pdu::AssociationRQ(request) = next_pdu(&mut stream) else { panic!("no request") };
        let contexts = request.presentation_contexts.iter().map(|context| PresentationContextResult {
            id: context.id,
            reason: PresentationContextResultReason::Acceptance,
            transfer_syntax: context.transfer_syntaxes[0].clone(),
        });
        let answer = AssociationAC {
            protocol_version: 1,
            calling_ae_title: request.calling_ae_title.clone(),
            called_ae_title: request.called_ae_title.clone(),
            application_context_name: request.application_context_name.clone(),
            presentation_contexts: contexts.collect(),
            user_variables: vec![UserVariableItem::MaxLength(4096)],
        };
        send_pdu(&mut stream, &Pdu::AssociationAC(answer));
        next_pdu(&mut stream);
        let data = command_set(elements);
        let value = |value_type, data| PDataValue { presentation_context_id: 1, value_type, is_last: true, data };
        let mut values = vec![value(PDataValueType::Command, data)];
        if and_data {
            values.push(value(PDataValueType::Data, vec![0; 8]));
        }
        send_pdu(&mut stream, &Pdu::PData { data: values });
        read_some(&mut stream);
    })
}

fn send_pdu(stream: &mut TcpStream, pdu: &Pdu) {
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, pdu).expect("it can be written");
    stream.write_all(&bytes).expect("it can be sent");
}

fn next_pdu(stream: &mut TcpStream) -> Pdu {
    let mut bytes = vec![0; 6];
    stream.read_exact(&mut bytes).expect("a PDU comes");
    let length = u32::from_be_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]) as usize;
    bytes.resize(6 + length, 0);
    stream.read_exact(&mut bytes[6..]).expect("a whole PDU comes");
    read_pdu(bytes.as_slice(), 1 << 20, true).expect("it can be read").expect("it is whole")
}
