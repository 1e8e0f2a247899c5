//! A host that speaks with an emulated controller, and what it has heard.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use ocellus_board::controller::{Address, Client, Event, Port, Refusal, Request, RequestId, SerialPort, Status};
use ocellus_tests::{
    emulator::{Emulator, Lamps, firmware},
    patience::Deadline,
};
use tempfile::TempDir;

/// A client and the controller it speaks with.
#[derive(Debug)]
pub(crate) struct Bench<P: Port = SerialPort> {
    pub(crate) emulator: Emulator,
    pub(crate) client: Client<P>,
    folder: TempDir,
    firmware: PathBuf,
    began: Instant,
    /// All that was heard, in order.
    pub(crate) heard: Vec<Event>,
}

impl Bench {
    /// A controller and a client that is connected; none where there is no firmware.
    pub(crate) fn connected() -> Option<Self> {
        Bench::over(|port| port)
    }
}

impl<P: Port> Bench<P> {
    /// The same over a line that `wrap` makes worse.
    pub(crate) fn over(wrap: impl FnOnce(SerialPort) -> P) -> Option<Self> {
        let firmware = firmware()?;
        let folder = tempfile::tempdir().expect("a folder can be made");
        let emulator = Emulator::start(&firmware, folder.path(), "first");
        let link = link(folder.path());
        emulator.plug_in(&link);
        let client = Client::new(wrap(SerialPort::new(Address::File(link.to_str().expect("UTF-8").to_owned()))));
        let mut bench = Bench { emulator, client, folder, firmware, began: Instant::now(), heard: Vec::new() };
        bench.boot();
        Some(bench)
    }

    /// Lets the client live for a moment; what it heard.
    pub(crate) fn look(&mut self) -> Vec<Event> {
        let events = self.client.poll(self.began.elapsed());
        self.heard.extend(events.iter().cloned());
        events
    }

    /// Lives until an event is the wanted one.
    pub(crate) fn until<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let deadline = Deadline::new(what);
        loop {
            if let Some(found) = self.look().iter().find_map(&wanted) {
                return found;
            }
            assert!(deadline.is_ahead(), "waited in vain for {}, heard {:?}", deadline.what(), self.heard);
        }
    }

    /// Waits for a connection; the controller's start.
    pub(crate) fn boot(&mut self) -> u32 {
        self.until("a connection", |event| match event {
            Event::Connected { boot, .. } => Some(*boot),
            _ => None,
        })
    }

    /// How a request ends.
    pub(crate) fn end_of(&mut self, id: RequestId) -> Event {
        self.until("the end of a request", |event| match event {
            Event::Done { id: of } | Event::Refused { id: of, .. } | Event::Failed { id: of } if *of == id => {
                Some(event.clone())
            }
            _ => None,
        })
    }

    /// Asks until there is an answer that is the controller's mind: a machine that is slow may lose a connection over a
    /// test, and a controller that heard nothing for half a second takes no light.
    pub(crate) fn ask(&mut self, request: Request) -> Result<(), Refusal> {
        let deadline = Deadline::new(format!("an answer to {request:?}"));
        loop {
            match self.client.request(request).ok().map(|id| self.end_of(id)) {
                Some(Event::Done { .. }) => return Ok(()),
                Some(Event::Refused { refusal, .. }) if refusal != Refusal::NoHeartbeat => return Err(refusal),
                Some(_) => {}
                None => drop(self.look()),
            }
            assert!(deadline.is_ahead(), "waited in vain for {}, heard {:?}", deadline.what(), self.heard);
        }
    }

    /// Asks again and again until the pins show these lamps.
    pub(crate) fn ask_until_lamps(&mut self, request: Request, lamps: Lamps) {
        let deadline = Deadline::new(format!("{lamps:?} after {request:?}"));
        deadline.wait(|| {
            assert_eq!(self.ask(request), Ok(()), "{request:?}");
            (self.emulator.lamps() == lamps).then_some(())
        });
    }

    /// The controller's state.
    pub(crate) fn status(&mut self) -> Status {
        assert_eq!(self.ask(Request::Status), Ok(()));
        let status = self.heard.iter().rev().find_map(|event| match event {
            Event::Status(status) => Some(*status),
            _ => None,
        });
        status.expect("a status comes before its request is done")
    }

    /// Another machine with the same firmware, which is not plugged in.
    pub(crate) fn another(&self) -> Emulator {
        Emulator::start(&self.firmware, self.folder.path(), "second")
    }

    /// Pulls the machine out and ends it; this one is there from now on, and not plugged in yet.
    pub(crate) fn unplug(&mut self, next: Emulator) {
        std::fs::remove_file(link(self.folder.path())).expect("there is a link");
        self.emulator = next;
    }

    /// Plugs the machine in.
    pub(crate) fn plug_in(&self) {
        self.emulator.plug_in(&link(self.folder.path()));
    }

    /// Ends the client without a word, and begins another.
    pub(crate) fn restart_client(self) -> Bench {
        let Bench { emulator, client, folder, firmware, began, heard: _ } = self;
        drop(client);
        let link = link(folder.path());
        let client = Client::new(SerialPort::new(Address::File(link.to_str().expect("UTF-8").to_owned())));
        Bench { emulator, client, folder, firmware, began, heard: Vec::new() }
    }
}

fn link(folder: &Path) -> PathBuf {
    folder.join("usb-controller")
}

/// A line that puts garbage and half frames between the frames to the controller.
#[derive(Debug)]
pub(crate) struct Spoilt {
    port: SerialPort,
    frames: usize,
}

impl Spoilt {
    pub(crate) fn new(port: SerialPort) -> Self {
        Spoilt { port, frames: 0 }
    }
}

impl Port for Spoilt {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.port.read(buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.frames += 1;
        match self.frames % 5 {
            // Longer than any frame, and longer than what the controller keeps of the line.
            0 => {
                self.port.write(&[0x55; 600])?;
                self.port.write(&[0])?;
            }
            1 => self.port.write(&[0, 7, 1, 0, 0, 255, 254, 3, 0])?,
            // A frame that breaks off: what comes next is lost with it, and said again by the client.
            2 => self.port.write(&bytes[..bytes.len() / 2])?,
            _ => {}
        }
        self.port.write(bytes)
    }

    fn is_simulated(&self) -> bool {
        self.port.is_simulated()
    }

    fn advance(&mut self, now: Duration) {
        self.port.advance(now);
    }
}
