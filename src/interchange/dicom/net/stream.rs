//! A connection on which every step has a deadline, plain or with TLS.
//!
//! The operating system limits each read by itself; here the limit is of the whole step, so it is set anew before each.
//!
//! Not here: what is said on it.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

use rustls::{ClientConnection, ServerConnection, StreamOwned};

use super::{
    error::{NetError, Step},
    peer::Peer,
    tls::TlsServer,
};

/// A TCP connection with a deadline.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TcpStream,
    deadline: Instant,
}

impl Socket {
    fn new(tcp: TcpStream, within: Duration) -> Self {
        Socket { tcp, deadline: Instant::now() + within }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

/// The system says "would block" for a time that is up.
fn timed_out(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(Some(self.left()?))?;
        self.tcp.read(buffer).map_err(timed_out)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(Some(self.left()?))?;
        self.tcp.write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(Socket),
    Client(Box<StreamOwned<ClientConnection, Socket>>),
    Server(Box<StreamOwned<ServerConnection, Socket>>),
}

impl Stream {
    /// To a peer.
    pub(crate) fn connect(peer: &Peer) -> Result<Self, NetError> {
        let within = peer.times.connect;
        let socket = Socket::new(connected(peer)?, within);
        let Some(tls) = &peer.tls else { return Ok(Stream::Plain(socket)) };
        let connection = tls.connection(&peer.host)?;
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).map_err(|error| failed(error, Step::Secure, within))?;
        }
        Ok(Stream::Client(Box::new(stream)))
    }

    /// From somebody who connected to us.
    pub(super) fn accepted(tcp: TcpStream, tls: Option<&TlsServer>, within: Duration) -> Result<Self, NetError> {
        tcp.set_nonblocking(false).map_err(|error| failed(error, Step::Listen, within))?;
        let socket = Socket::new(tcp, within);
        let Some(tls) = tls else { return Ok(Stream::Plain(socket)) };
        let mut stream = StreamOwned::new(tls.connection()?, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).map_err(|error| failed(error, Step::Secure, within))?;
        }
        Ok(Stream::Server(Box::new(stream)))
    }

    /// Gives the next step its time.
    pub(crate) fn within(&mut self, time: Duration) {
        self.socket().deadline = Instant::now() + time;
    }

    /// Ends the connection; what is wrong with it then is of no interest.
    pub(crate) fn close(&mut self) {
        match self {
            Stream::Plain(_) => {}
            Stream::Client(stream) => {
                stream.conn.send_close_notify();
                let _ = stream.conn.write_tls(&mut stream.sock);
            }
            Stream::Server(stream) => {
                stream.conn.send_close_notify();
                let _ = stream.conn.write_tls(&mut stream.sock);
            }
        }
        let _ = self.socket().tcp.shutdown(Shutdown::Both);
    }

    fn socket(&mut self) -> &mut Socket {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Client(stream) => &mut stream.sock,
            Stream::Server(stream) => &mut stream.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Client(stream) => stream.read(buffer),
            Stream::Server(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.write(bytes),
            Stream::Client(stream) => stream.write(bytes),
            Stream::Server(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.flush(),
            Stream::Client(stream) => stream.flush(),
            Stream::Server(stream) => stream.flush(),
        }
    }
}

/// Tries a host's addresses one after the other within one time.
fn connected(peer: &Peer) -> Result<TcpStream, NetError> {
    let within = peer.times.connect;
    let deadline = Instant::now() + within;
    let no_host = || NetError::NoHost { host: peer.host.clone() };
    let addresses: Vec<SocketAddr> =
        (peer.host.as_str(), peer.port).to_socket_addrs().map_err(|_| no_host())?.collect();
    let mut last = no_host();
    for address in addresses {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(NetError::TimedOut { step: Step::Connect, after: within });
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(tcp) => {
                // Requests and answers are short and wait for each other.
                tcp.set_nodelay(true).map_err(|error| failed(error, Step::Connect, within))?;
                return Ok(tcp);
            }
            Err(error) => {
                let address = address.to_string();
                last = match error.kind() {
                    io::ErrorKind::ConnectionRefused => NetError::Refused { address },
                    io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                        NetError::TimedOut { step: Step::Connect, after: within }
                    }
                    _ => NetError::Unreachable { address, reason: error.to_string() },
                };
            }
        }
    }
    Err(last)
}

/// What an error of a connection means in a step that may take so long.
pub(super) fn failed(error: io::Error, step: Step, within: Duration) -> NetError {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => NetError::TimedOut { step, after: within },
        // How the TLS library reports what it does not like.
        io::ErrorKind::InvalidData => NetError::Tls { reason: error.to_string() },
        _ if step == Step::Secure => NetError::Tls { reason: "the peer closed the connection".to_owned() },
        _ => NetError::Closed { step },
    }
}
