//! A panel in a window of the desktop: the mouse is the finger.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use embedded_graphics::prelude::Point;
use minifb::{MouseButton, MouseMode, WindowOptions};

use super::{Frame, Geometry, Panel, PanelError};

/// How often the window looks for the mouse and for something new to show.
const LOOK: Duration = Duration::from_millis(15);

/// A window of the panel's size, one pixel a pixel. It has a thread of its own: the desktop's library wants its window in
/// one thread.
#[derive(Debug)]
pub struct Window {
    geometry: Geometry,
    newest: Newest,
    touches: Receiver<Point>,
}

/// What is to be shown, and not yet is: a picture that finds the window busy takes the place of the one before.
type Newest = Arc<Mutex<Option<Vec<u32>>>>;

impl Window {
    /// Opens a window.
    pub fn new(geometry: Geometry, title: &str) -> Self {
        let newest = Newest::default();
        let (tell, touches) = channel();
        let title = title.to_owned();
        let shown = newest.clone();
        thread::spawn(move || {
            if let Err(error) = run(geometry, &title, &shown, &tell) {
                log::error!("the window cannot be opened: {error}");
            }
        });
        Window { geometry, newest, touches }
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
        if Arc::strong_count(&self.newest) == 1 {
            return Err(PanelError::Gone);
        }
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(pixels);
        Ok(())
    }

    fn touches(&mut self) -> Vec<Point> {
        self.touches.try_iter().collect()
    }
}

/// Shows what comes until nobody sends any more, or the window is closed.
fn run(geometry: Geometry, title: &str, newest: &Newest, touches: &Sender<Point>) -> Result<(), minifb::Error> {
    let (width, height) = (geometry.width as usize, geometry.height as usize);
    let mut window = minifb::Window::new(title, width, height, WindowOptions::default())?;
    let mut down = None;
    while window.is_open() && Arc::strong_count(newest) > 1 {
        let pixels = newest.lock().unwrap_or_else(PoisonError::into_inner).take();
        match pixels {
            Some(pixels) => window.update_with_buffer(&pixels, width, height)?,
            None => window.update(),
        }
        thread::sleep(LOOK);
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
