//! Proves the camera's driver on the kernel's virtual camera (`vivid`), from inside the virtual machine.
//!
//! `guest-camera contract YUYV 640 480 25` runs the contract of every camera; `guest-camera faults [NAME]` breaks the
//! camera in each way it can be broken; `guest-camera measure YUYV 640 480 25` counts frames and processor time;
//! `guest-camera play FOLDER MJPG 640 480 15` is a camera itself, whose torn frames `guest-camera torn` looks for. Each
//! line it says begins with `ok` or `FAILED`; the exit code is 1 where one failed.

mod faults;
mod player;
mod vivid;

use std::{
    env,
    process::ExitCode,
    time::{Duration, Instant},
};

use ocellus_board::camera::{
    Camera, Shutter,
    contract::{Terms, delivers, keeps_deadlines},
    negotiation::{Coding, Wish},
    v4l2::{Address, Settings, V4l2Camera},
};

/// What went wrong, in words.
type Failure = String;

/// What may be expected on an emulated processor that others share.
const TERMS: Terms = Terms { frame_within: Duration::from_secs(20), slack: Duration::from_secs(10), frames: 40 };
/// How long a measurement takes.
const MEASURED: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let all_well = match words[..] {
        ["contract", ref wish @ ..] => tell("contract", wished(wish).and_then(contract)),
        ["measure", ref wish @ ..] => tell("measure", wished(wish).and_then(measure)),
        ["play", folder, ref wish @ ..] => tell("play", wished(wish).and_then(|wish| player::play(folder, &wish))),
        ["torn", ref wish @ ..] => tell("torn", wished(wish).and_then(player::torn)),
        ["faults"] => faults::all("", tell),
        ["faults", name] => faults::all(name, tell),
        _ => tell(
            "usage",
            Err("guest-camera contract|measure|torn|play FOLDER CODING WIDTH HEIGHT FPS, or faults [NAME]".to_owned()),
        ),
    };
    match all_well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn tell(what: &str, outcome: Result<String, Failure>) -> bool {
    match &outcome {
        Ok(detail) => println!("ok {what}: {detail}"),
        Err(failure) => println!("FAILED {what}: {failure}"),
    }
    outcome.is_ok()
}

fn wished(words: &[&str]) -> Result<Wish, Failure> {
    let [coding, width, height, per_second] = words else { return Err("expected CODING WIDTH HEIGHT FPS".to_owned()) };
    let coding = Coding::ALL.into_iter().find(|known| known.to_string() == *coding);
    let number = |word: &str| word.parse::<u32>().map_err(|error| format!("{word}: {error}"));
    Ok(Wish {
        codings: vec![coding.ok_or("an unknown coding")?],
        width: number(width)?,
        height: number(height)?,
        per_second: number(per_second)?,
    })
}

/// A camera found by itself.
fn camera(wish: Wish) -> V4l2Camera {
    V4l2Camera::new(Settings { address: Address::Only, wish, warm_up: 4 }, Shutter::new())
}

fn contract(wish: Wish) -> Result<String, Failure> {
    let mut camera = camera(wish);
    let seen = delivers(&mut camera, &TERMS).map_err(|breach| breach.to_string())?;
    let hurried = keeps_deadlines(&mut camera, &TERMS).map_err(|breach| breach.to_string())?;
    let counts = camera.counts();
    if counts.warm_up != 4 || camera.failures() != 0 {
        return Err(format!("{counts:?}, {} failures", camera.failures()));
    }
    Ok(format!("{}; {seen:?}; in a hurry {hurried:?}", camera.name()))
}

fn measure(wish: Wish) -> Result<String, Failure> {
    let mut camera = camera(wish);
    let mut frames = 0_u32;
    let mut bytes = 0_usize;
    camera.next_frame(TERMS.frame_within).map_err(|error| error.to_string())?;
    let (began, busy) = (Instant::now(), vivid::processor_time()?);
    while began.elapsed() < MEASURED {
        bytes += camera.next_frame(TERMS.frame_within).map_err(|error| error.to_string())?.bytes.len();
        frames += 1;
    }
    let (took, busy) = (began.elapsed().as_secs_f64(), (vivid::processor_time()? - busy).as_secs_f64());
    Ok(format!(
        "{:.2} frames a second, {:.1} MB/s, {:.1} % of a processor, {} lost",
        f64::from(frames) / took,
        bytes as f64 / took / 1e6,
        100.0 * busy / took,
        camera.counts().lost
    ))
}
