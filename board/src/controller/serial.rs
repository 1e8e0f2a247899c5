//! A serial line as a [`Port`]: a device file, or whatever USB device has the right numbers.
//!
//! The line is opened when it is first asked, and again whenever it is asked after an error: under another name if the
//! device has one by then. How long to wait between tries is the [`Client`](super::Client)'s. Lines for a modem are left
//! alone, so that a line without them (a pseudo-terminal) serves as well.
//!
//! Not here: frames and sessions. Unix only, as is the device.

use std::{
    fmt,
    io::{self, Read, Write},
    os::fd::AsRawFd,
    str::FromStr,
    time::Duration,
};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use serialport::{ClearBuffer, SerialPort as _, SerialPortInfo, SerialPortType, TTYPort};

use super::Port;

/// Speed of the line; 8 bits, no parity, no flow control.
pub const BAUD: u32 = 115_200;

/// What the text of an address by USB numbers begins with.
const USB: &str = "usb:";

/// Where a controller is found. As text: the file's name, `usb:0d28:0204`, or `usb:0d28:0204:SERIAL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// By the name of its device file, such as `/dev/ttyACM0` or, better, a link in `/dev/serial/by-id/` that stays with
    /// the device.
    File(String),
    /// By what the USB device says of itself.
    Usb {
        /// Number of its vendor.
        vendor: u16,
        /// Number of the product.
        product: u16,
        /// Its serial number; any when not given.
        serial: Option<String>,
    },
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::File(name) => write!(f, "{name}"),
            Address::Usb { vendor, product, serial: None } => write!(f, "{USB}{vendor:04x}:{product:04x}"),
            Address::Usb { vendor, product, serial: Some(serial) } => {
                write!(f, "{USB}{vendor:04x}:{product:04x}:{serial}")
            }
        }
    }
}

/// A text that names no serial line.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error(
    "a device file (/dev/serial/by-id/...), or usb:VENDOR:PRODUCT or usb:VENDOR:PRODUCT:SERIAL, numbers in four hexadecimal digits"
)]
pub struct NotAnAddress;

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let Some(usb) = text.strip_prefix(USB) else {
            return if text.starts_with('/') { Ok(Address::File(text.to_owned())) } else { Err(NotAnAddress) };
        };
        let mut parts = usb.splitn(3, ':');
        let mut number = || match parts.next() {
            // Only digits: the library would also read a sign.
            Some(digits) if digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                u16::from_str_radix(digits, 16).map_err(|_| NotAnAddress)
            }
            _ => Err(NotAnAddress),
        };
        let (vendor, product) = (number()?, number()?);
        let serial = parts.next().map(str::to_owned);
        if serial.as_ref().is_some_and(String::is_empty) {
            return Err(NotAnAddress);
        }
        Ok(Address::Usb { vendor, product, serial })
    }
}

/// Why a line does not work. Stands inside the [`io::Error`] of [`Port`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SerialError {
    /// Nothing is there.
    #[error("{address}: no such serial line")]
    Absent {
        /// What was looked for.
        address: String,
    },
    /// Several devices fit.
    #[error("{address}: several serial lines fit: {}", found.join(", "))]
    Ambiguous {
        /// What was looked for.
        address: String,
        /// What was found.
        found: Vec<String>,
    },
    /// This user may not open it.
    #[error("{name}: permission denied")]
    PermissionDenied {
        /// The device file.
        name: String,
    },
    /// Another program has it.
    #[error("{name}: in use by another program")]
    Busy {
        /// The device file.
        name: String,
    },
    /// It was there and is gone.
    #[error("{name}: hung up")]
    HungUp {
        /// The device file.
        name: String,
    },
    /// Nobody has taken what was written before.
    #[error("{name}: no room for more bytes")]
    Full {
        /// The device file.
        name: String,
    },
    /// Anything else.
    #[error("{name}: {detail}")]
    Failed {
        /// The device file.
        name: String,
        /// What the system says.
        detail: String,
    },
}

impl SerialError {
    fn of_opening(name: &str, error: &serialport::Error) -> Self {
        let name = name.to_owned();
        match error.kind() {
            serialport::ErrorKind::Io(io::ErrorKind::NotFound) => SerialError::Absent { address: name },
            serialport::ErrorKind::Io(io::ErrorKind::PermissionDenied) => SerialError::PermissionDenied { name },
            // So the crate calls a line that another has locked; an absent one it calls not found.
            serialport::ErrorKind::NoDevice => SerialError::Busy { name },
            serialport::ErrorKind::InvalidInput | serialport::ErrorKind::Unknown | serialport::ErrorKind::Io(_) => {
                SerialError::Failed { name, detail: error.to_string() }
            }
        }
    }

    fn of_use(name: &str, error: &io::Error) -> Self {
        let name = name.to_owned();
        match error.kind() {
            io::ErrorKind::BrokenPipe => SerialError::HungUp { name },
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => SerialError::Full { name },
            _ => SerialError::Failed { name, detail: error.to_string() },
        }
    }
}

impl From<SerialError> for io::Error {
    fn from(error: SerialError) -> Self {
        let kind = match &error {
            SerialError::Absent { .. } => io::ErrorKind::NotFound,
            SerialError::Ambiguous { .. } => io::ErrorKind::InvalidInput,
            SerialError::PermissionDenied { .. } => io::ErrorKind::PermissionDenied,
            SerialError::Busy { .. } => io::ErrorKind::ResourceBusy,
            SerialError::HungUp { .. } => io::ErrorKind::BrokenPipe,
            SerialError::Full { .. } => io::ErrorKind::WouldBlock,
            SerialError::Failed { .. } => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

/// A line that is open.
#[derive(Debug)]
struct Line {
    name: String,
    tty: TTYPort,
}

impl Line {
    fn open(address: &Address) -> Result<Self, SerialError> {
        let name = match address {
            Address::File(name) => name.clone(),
            Address::Usb { .. } => {
                let present = serialport::available_ports()
                    .map_err(|error| SerialError::Failed { name: address.to_string(), detail: error.to_string() })?;
                fitting(address, &present)?
            }
        };
        let settings = serialport::new(&name, BAUD).timeout(Duration::ZERO);
        let tty = TTYPort::open(&settings).map_err(|error| SerialError::of_opening(&name, &error))?;
        // The crate waits for room before it writes, but the system would then still wait for the rest of a frame.
        fcntl(tty.as_raw_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))
            .map_err(|error| SerialError::Failed { name: name.clone(), detail: error.desc().to_owned() })?;
        Ok(Line { name, tty })
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, SerialError> {
        match self.tty.read(buffer) {
            // The line said that there is something, and it is the end.
            Ok(0) if !buffer.is_empty() => Err(SerialError::HungUp { name: self.name.clone() }),
            Ok(length) => Ok(length),
            Err(error) => match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
                _ => Err(SerialError::of_use(&self.name, &error)),
            },
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SerialError> {
        loop {
            match self.tty.write(bytes) {
                Ok(length) if length == bytes.len() => return Ok(()),
                // The other end knows a torn frame by its checksum.
                Ok(_) => return Err(SerialError::Full { name: self.name.clone() }),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(SerialError::of_use(&self.name, &error)),
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // What was not sent is not to be sent later, and closing would wait for it. A line that is gone has nothing to
        // clear.
        self.tty.clear(ClearBuffer::All).ok();
    }
}

/// The device file of the only USB device that fits.
fn fitting(address: &Address, present: &[SerialPortInfo]) -> Result<String, SerialError> {
    let fits = |info: &SerialPortInfo| match (address, &info.port_type) {
        (Address::File(name), _) => *name == info.port_name,
        (Address::Usb { vendor, product, serial }, SerialPortType::UsbPort(usb)) => {
            (*vendor, *product) == (usb.vid, usb.pid) && (serial.is_none() || *serial == usb.serial_number)
        }
        (Address::Usb { .. }, _) => false,
    };
    let mut found: Vec<String> = present.iter().filter(|info| fits(info)).map(|info| info.port_name.clone()).collect();
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(SerialError::Absent { address: address.to_string() }),
        (Some(name), true) => Ok(name),
        (Some(name), false) => {
            found.push(name);
            found.sort();
            Err(SerialError::Ambiguous { address: address.to_string(), found })
        }
    }
}

/// A serial line that opens itself.
#[derive(Debug)]
pub struct SerialPort {
    address: Address,
    line: Option<Line>,
}

impl SerialPort {
    /// A line that is not open yet.
    pub fn new(address: Address) -> Self {
        SerialPort { address, line: None }
    }

    /// Does it on the open line; an error closes it.
    fn on_line<T>(&mut self, act: impl FnOnce(&mut Line) -> Result<T, SerialError>) -> io::Result<T> {
        let mut line = match self.line.take() {
            Some(line) => line,
            None => Line::open(&self.address)?,
        };
        let done = act(&mut line)?;
        self.line = Some(line);
        Ok(done)
    }
}

impl Port for SerialPort {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.on_line(|line| line.read(buffer))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.on_line(|line| line.write(bytes))
    }

    fn is_simulated(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, path::Path};

    use serialport::UsbPortInfo;

    use super::*;

    /// The other end of a line, and the line's name.
    fn pair() -> (TTYPort, String) {
        let (far, near) = TTYPort::pair().unwrap();
        (far, near.name().unwrap())
    }

    fn port(name: &str) -> SerialPort {
        SerialPort::new(Address::File(name.to_owned()))
    }

    fn fact(error: io::Error) -> SerialError {
        error.downcast::<SerialError>().unwrap()
    }

    fn usb(name: &str, serial: &str) -> SerialPortInfo {
        let (vid, pid) = (0x0d28, 0x0204);
        let serial_number = Some(serial.to_owned());
        let usb = UsbPortInfo { vid, pid, serial_number, manufacturer: None, product: None };
        SerialPortInfo { port_name: name.to_owned(), port_type: SerialPortType::UsbPort(usb) }
    }

    #[test]
    fn bytes_go_both_ways_and_nobody_waits_for_them() {
        let (mut far, name) = pair();
        let mut port = port(&name);
        let mut buffer = [0; 16];
        assert_eq!(port.read(&mut buffer).unwrap(), 0);
        // Bytes that a terminal would take for itself: interrupt, newline, flow control, end of file.
        let bytes = [3, 10, 13, 17, 19, 4, 0, 255];
        port.write(&bytes).unwrap();
        far.read_exact(&mut buffer[..8]).unwrap();
        assert_eq!(buffer[..8], bytes);
        far.write_all(&bytes).unwrap();
        assert_eq!(port.read(&mut buffer).unwrap(), 8);
        assert_eq!(buffer[..8], bytes);
    }

    #[test]
    fn a_line_that_is_not_there_is_absent_until_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("usb-controller");
        let mut port = port(link.to_str().unwrap());
        let absent = SerialError::Absent { address: link.to_str().unwrap().to_owned() };
        assert_eq!(fact(port.read(&mut [0; 4]).unwrap_err()), absent);
        let (_far, name) = pair();
        symlink(name, &link).unwrap();
        assert_eq!(port.read(&mut [0; 4]).unwrap(), 0);
    }

    #[test]
    fn a_line_that_hangs_up_is_found_again_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("usb-controller");
        let (far, name) = pair();
        symlink(&name, &link).unwrap();
        let mut port = port(link.to_str().unwrap());
        port.write(&[1]).unwrap();
        // Before the first goes: the system would give its name again.
        let (mut other, other_name) = pair();
        drop(far);
        let hung_up = SerialError::HungUp { name: link.to_str().unwrap().to_owned() };
        assert_eq!(fact(port.read(&mut [0; 4]).unwrap_err()), hung_up);
        assert!(matches!(fact(port.write(&[2]).unwrap_err()), SerialError::Absent { .. } | SerialError::Failed { .. }));
        std::fs::remove_file(&link).unwrap();
        symlink(other_name, &link).unwrap();
        port.write(&[3]).unwrap();
        let mut byte = [0];
        other.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [3]);
    }

    #[test]
    fn a_line_that_nobody_reads_is_full_and_says_nothing_old_later() {
        let (mut far, name) = pair();
        let mut port = port(&name);
        let error = (0..10_000).find_map(|_| port.write(&[1; 50]).err()).expect("no line holds half a megabyte");
        assert_eq!(fact(error), SerialError::Full { name });
        port.write(&[2]).unwrap();
        let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
        while heard.last() != Some(&2) {
            let length = far.read(&mut buffer).unwrap();
            heard.extend(&buffer[..length]);
        }
        assert!(heard.len() < 10_000, "{} bytes", heard.len());
    }

    #[test]
    fn a_line_that_another_has_is_busy() {
        let (_far, name) = pair();
        let mut first = port(&name);
        first.write(&[1]).unwrap();
        let mut second = port(&name);
        assert_eq!(fact(second.write(&[1]).unwrap_err()), SerialError::Busy { name: name.clone() });
        drop(first);
        second.write(&[1]).unwrap();
    }

    #[test]
    fn what_is_no_line_is_said_to_be_none() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let name = file.path().to_str().unwrap().to_owned();
        assert!(Path::new(&name).exists());
        let error = fact(port(&name).read(&mut [0; 4]).unwrap_err());
        assert!(matches!(&error, SerialError::Failed { detail, .. } if !detail.is_empty()), "{error}");
        let denied = serialport::ErrorKind::Io(io::ErrorKind::PermissionDenied);
        let denied = SerialError::of_opening("/dev/ttyACM0", &serialport::Error::new(denied, "EACCES"));
        assert_eq!(denied.to_string(), "/dev/ttyACM0: permission denied");
    }

    #[test]
    fn a_usb_device_is_found_by_its_numbers_and_only_alone() {
        let any = Address::Usb { vendor: 0x0d28, product: 0x0204, serial: None };
        let one = Address::Usb { vendor: 0x0d28, product: 0x0204, serial: Some("B".to_owned()) };
        let builtin = SerialPortInfo { port_name: "/dev/ttyS0".to_owned(), port_type: SerialPortType::PciPort };
        let mut present = vec![builtin, usb("/dev/ttyACM1", "A")];
        assert_eq!(fitting(&any, &present).unwrap(), "/dev/ttyACM1");
        let absent = SerialError::Absent { address: "usb:0d28:0204:B".to_owned() };
        assert_eq!(fitting(&one, &present).unwrap_err(), absent);
        present.push(usb("/dev/ttyACM0", "B"));
        assert_eq!(fitting(&one, &present).unwrap(), "/dev/ttyACM0");
        let found = vec!["/dev/ttyACM0".to_owned(), "/dev/ttyACM1".to_owned()];
        let ambiguous = SerialError::Ambiguous { address: "usb:0d28:0204".to_owned(), found };
        assert_eq!(fitting(&any, &present).unwrap_err(), ambiguous);
    }

    #[test]
    fn addresses_are_read_as_they_are_written() {
        let usb =
            |serial: Option<&str>| Address::Usb { vendor: 0x0d28, product: 0x0204, serial: serial.map(str::to_owned) };
        let addresses = [
            ("/dev/serial/by-id/usb-x", Address::File("/dev/serial/by-id/usb-x".to_owned())),
            ("usb:0d28:0204", usb(None)),
            ("usb:0d28:0204:99:B", usb(Some("99:B"))),
        ];
        for (text, address) in addresses {
            assert_eq!(text.parse(), Ok(address.clone()));
            assert_eq!(address.to_string(), text);
        }
        for text in ["", "ttyACM0", "usb:", "usb:0d28", "usb:0d28:204", "usb:+d28:0204", "usb:0d28:0204:"] {
            assert_eq!(text.parse::<Address>(), Err(NotAnAddress), "{text}");
        }
    }
}
