//! A panel in a window of the desktop: the mouse is the finger.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel},
    thread,
    time::Duration,
};

use embedded_graphics::prelude::Point;
use minifb::{MouseButton, MouseMode, WindowOptions};

use super::{Frame, Geometry, Panel, PanelError};

/// How often the window looks for the mouse when nothing new is to be shown.
const LOOK: Duration = Duration::from_millis(15);

/// A window of the panel's size, one pixel a pixel. It has a thread of its own: the desktop's library wants its window in
/// one thread.
#[derive(Debug)]
pub struct Window {
    geometry: Geometry,
    frames: SyncSender<Vec<u32>>,
    touches: Receiver<Point>,
}

impl Window {
    /// Opens a window.
    pub fn new(geometry: Geometry, title: &str) -> Self {
        let (frames, inbox) = sync_channel(1);
        let (tell, touches) = channel();
        let title = title.to_owned();
        thread::spawn(move || {
            if let Err(error) = run(geometry, &title, &inbox, &tell) {
                log::error!("the window cannot be opened: {error}");
            }
        });
        Window { geometry, frames, touches }
    }
}

impl Panel for Window {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn present(&mut self, frame: &Frame, _name: &str) -> Result<(), PanelError> {
        self.geometry.fits(frame)?;
        let pixels = frame
            .pixels()
            .pixels()
            .map(|pixel| pixel.0.iter().fold(0, |sum, &channel| sum << 8 | u32::from(channel)))
            .collect();
        match self.frames.try_send(pixels) {
            // A frame that finds the window busy comes too late anyway; the next one is not far.
            Ok(()) | Err(TrySendError::Full(_)) => Ok(()),
            Err(TrySendError::Disconnected(_)) => Err(PanelError::Gone),
        }
    }

    fn touches(&mut self) -> Vec<Point> {
        self.touches.try_iter().collect()
    }
}

/// Shows what comes until nobody sends any more, or the window is closed.
fn run(
    geometry: Geometry,
    title: &str,
    frames: &Receiver<Vec<u32>>,
    touches: &Sender<Point>,
) -> Result<(), minifb::Error> {
    let (width, height) = (geometry.width as usize, geometry.height as usize);
    let mut window = minifb::Window::new(title, width, height, WindowOptions::default())?;
    let mut down = None;
    while window.is_open() {
        match frames.recv_timeout(LOOK) {
            Ok(pixels) => window.update_with_buffer(&pixels, width, height)?,
            Err(RecvTimeoutError::Timeout) => window.update(),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        let place = window.get_mouse_pos(MouseMode::Discard).map(|(x, y)| Point::new(x as i32, y as i32));
        // A touch counts where and when it ends, as a finger's does.
        match (window.get_mouse_down(MouseButton::Left), place) {
            (true, Some(place)) => down = Some(place),
            (true, None) => {}
            (false, _) => {
                if let Some(place) = down.take() {
                    let _nobody = touches.send(place);
                }
            }
        }
    }
    Ok(())
}
