//! Each way in which the virtual camera can be broken, and what must come of it.

use std::{
    fs,
    os::unix::fs::symlink,
    path::PathBuf,
    time::{Duration, Instant},
};

use ocellus_board::camera::{
    Camera, CameraError, PixelFormat, Range, Raster, Samples, Shutter,
    contract::{Terms, comes_back, delivers},
    negotiation::{Coding, Wish},
    v4l2::{Address, Settings, V4l2Camera},
};

use crate::{
    Failure, TERMS,
    vivid::{get, must, open_files, processor_time, replug, set, set_on},
};

type Fault = fn() -> Result<String, Failure>;

/// By when a loss must be told, and by when frames must be there again.
const TIMES: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(60));
/// How long one call waits where the test itself counts calls.
const CALL: Duration = Duration::from_millis(200);

const ALL: [(&str, Fault); 16] = [
    ("frames-lost", frames_lost),
    ("frames-flagged", frames_flagged),
    ("many-flagged", many_flagged),
    ("stream-breaks", stream_breaks),
    ("breaks-again-and-again", breaks_again_and_again),
    ("stops-sending", stops_sending),
    ("never-sends", never_sends),
    ("cannot-start", cannot_start),
    ("numbers-wrap", numbers_wrap),
    ("unplugged", unplugged),
    ("another-number", another_number),
    ("several", several),
    ("busy", busy),
    ("colours", colours),
    ("exposure-held", exposure_held),
    ("flash", flash),
];

/// Runs those whose name contains `part`, each on a camera that is as new, and tells what came of each. Whether all is
/// well.
pub(crate) fn all(part: &str, tell: fn(&str, Result<String, Failure>) -> bool) -> bool {
    let chosen = ALL.into_iter().filter(|(name, _)| name.contains(part));
    chosen.fold(true, |all_well, (name, fault)| tell(name, replug(1).and_then(|()| fault())) && all_well)
}

fn wish(coding: Coding) -> Wish {
    Wish { codings: vec![coding], width: 640, height: 480, per_second: 25 }
}

fn settings(address: Address) -> Settings {
    Settings { address, wish: wish(Coding::Yuyv), warm_up: 4 }
}

fn camera() -> V4l2Camera {
    V4l2Camera::new(settings(Address::File(PathBuf::from("/dev/video0"))), Shutter::new())
}

fn in_words(error: impl std::fmt::Display) -> Failure {
    error.to_string()
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(what()) }
}

/// The camera is lost by `take`, says so, and is there again after `give`.
fn lost_and_found(
    camera: &mut V4l2Camera,
    take: impl FnOnce() -> Result<(), Failure>,
    give: impl FnOnce() -> Result<(), Failure>,
    is_cause: impl Fn(&CameraError) -> bool,
) -> Result<String, Failure> {
    let (mut taken, mut given) = (Ok(()), Ok(()));
    let seen = comes_back(camera, &TERMS, TIMES, || taken = take(), || given = give(), is_cause);
    taken?;
    given?;
    Ok(format!("{:?}, {} failures", seen.map_err(in_words)?, camera.failures()))
}

fn frames_lost() -> Result<String, Failure> {
    let mut camera = camera();
    delivers(&mut camera, &Terms { frames: 3, ..TERMS }).map_err(in_words)?;
    let before = camera.counts();
    set("percentage_of_dropped_buffers", 30)?;
    let seen = delivers(&mut camera, &TERMS).map_err(in_words)?;
    set("percentage_of_dropped_buffers", 0)?;
    let lost = camera.counts().lost - before.lost;
    ensure(lost > 0 && camera.failures() == 0, || format!("{:?}, {} failures", camera.counts(), camera.failures()))?;
    ensure(u64::from(seen.missing) <= lost, || format!("{seen:?} of {lost} lost"))?;
    Ok(format!("{seen:?}, {lost} lost by the driver's numbers"))
}

fn frames_flagged() -> Result<String, Failure> {
    let mut camera = camera();
    let mut missing = 0;
    for _ in 0..3 {
        set("inject_v4l2_buf_flag_error", 1)?;
        missing += delivers(&mut camera, &Terms { frames: 10, ..TERMS }).map_err(in_words)?.missing;
    }
    let counts = camera.counts();
    ensure(counts.flagged >= 1 && camera.failures() == 0, || format!("{counts:?}, {} failures", camera.failures()))?;
    Ok(format!("{} flagged and dropped, {missing} missing", counts.flagged))
}

/// The control flags one frame; pressed again and again it flags many, as a cable that is too slow does.
fn many_flagged() -> Result<String, Failure> {
    let mut camera = camera();
    delivers(&mut camera, &Terms { frames: 3, ..TERMS }).map_err(in_words)?;
    let began = Instant::now();
    let (mut kept, mut flagged) = (0, 0);
    while flagged < 5 {
        ensure(began.elapsed() < TIMES.1, || format!("{flagged} flagged, {kept} kept"))?;
        set("inject_v4l2_buf_flag_error", 1)?;
        match camera.next_frame(CALL) {
            Ok(_) => kept += 1,
            Err(CameraError::Stalled { .. }) => {}
            Err(error) => return Err(in_words(error)),
        }
        flagged = camera.counts().flagged;
    }
    Ok(format!("{flagged} flagged, {kept} kept between them"))
}

fn stream_breaks() -> Result<String, Failure> {
    let take = || set("inject_fatal_streaming_error", 1);
    lost_and_found(&mut camera(), take, || Ok(()), |cause| matches!(cause, CameraError::Broken { .. }))
}

fn breaks_again_and_again() -> Result<String, Failure> {
    let mut camera = camera();
    delivers(&mut camera, &Terms { frames: 3, ..TERMS }).map_err(in_words)?;
    let files = open_files()?;
    for _ in 0..8 {
        set("inject_fatal_streaming_error", 1)?;
        let began = Instant::now();
        let mut broke = false;
        while !broke || camera.next_frame(CALL).is_err() {
            broke |= matches!(camera.next_frame(CALL), Err(CameraError::Broken { .. }));
            ensure(began.elapsed() < TIMES.1, || format!("broke: {broke}, and not back in time"))?;
        }
    }
    let now = open_files()?;
    ensure(now == files, || format!("{files} open files became {now}"))?;
    Ok(format!("{} failures, {now} open files before and after", camera.failures()))
}

fn stops_sending() -> Result<String, Failure> {
    let take = || set("percentage_of_dropped_buffers", 100);
    let give = || set("percentage_of_dropped_buffers", 0);
    lost_and_found(&mut camera(), take, give, |cause| matches!(cause, CameraError::Stopped { .. }))
}

fn never_sends() -> Result<String, Failure> {
    set("percentage_of_dropped_buffers", 100)?;
    let mut camera = camera();
    let began = Instant::now();
    let cause = loop {
        match camera.next_frame(CALL) {
            Err(CameraError::Stalled { .. }) if began.elapsed() < TIMES.0 => {}
            other => break other.map(|frame| frame.sequence),
        }
    };
    ensure(matches!(cause, Err(CameraError::Silent { .. })), || format!("{cause:?}"))?;
    set("percentage_of_dropped_buffers", 0)?;
    while let Err(error) = camera.next_frame(CALL) {
        ensure(began.elapsed() < TIMES.0 + TIMES.1, || in_words(error))?;
    }
    Ok(format!("{} failures", camera.failures()))
}

fn cannot_start() -> Result<String, Failure> {
    let mut said = Vec::new();
    for control in ["inject_vidioc_reqbufs_error", "inject_vidioc_qbuf_error", "inject_vidioc_streamon_error"] {
        let mut camera = camera();
        set(control, 1)?;
        let first = camera.next_frame(TERMS.frame_within).map(|frame| frame.sequence);
        ensure(matches!(first, Err(CameraError::Broken { .. })), || format!("{control}: {first:?}"))?;
        let seen = delivers(&mut camera, &Terms { frames: 3, ..TERMS }).map_err(in_words)?;
        said.push(format!("{control}: {} frames after", seen.frames));
    }
    Ok(said.join(", "))
}

fn numbers_wrap() -> Result<String, Failure> {
    set("wrap_sequence_number", 1)?;
    let mut camera = camera();
    // The numbers begin 128 before their end. A wrap that is taken for a gap is one of four thousand million frames.
    let seen = delivers(&mut camera, &Terms { frames: 160, ..TERMS }).map_err(in_words)?;
    set("wrap_sequence_number", 0)?;
    let counts = camera.counts();
    ensure(counts.lost < 100_000 && counts.kept >= 160, || format!("{counts:?}"))?;
    Ok(format!("{seen:?}, {} lost", counts.lost))
}

fn unplugged() -> Result<String, Failure> {
    /// How long the camera is away, and how much of a processor may be spent on it meanwhile.
    const AWAY: (Duration, f64) = (Duration::from_secs(10), 0.05);
    let mut camera = camera();
    let found = lost_and_found(&mut camera, || set("disconnect", 1), || replug(1), is_absent)?;
    set("disconnect", 1)?;
    let pulled = Instant::now();
    while !camera.next_frame(CALL).is_err_and(|cause| is_absent(&cause)) {
        ensure(pulled.elapsed() < TIMES.0, || "it is not missed".to_owned())?;
    }
    // Otherwise it would be plugged in again by itself, now that nobody has it open.
    must("rmmod vivid")?;
    let (began, busy) = (Instant::now(), processor_time()?);
    let mut calls = 0;
    while began.elapsed() < AWAY.0 {
        let answer = camera.next_frame(CALL).map(|frame| frame.sequence);
        ensure(answer.as_ref().is_err_and(is_absent), || format!("{answer:?}"))?;
        calls += 1;
    }
    let share = (processor_time()? - busy).as_secs_f64() / began.elapsed().as_secs_f64();
    ensure(share < AWAY.1, || format!("{:.1} % of a processor for a camera that is away", 100.0 * share))?;
    replug(1)?;
    while let Err(error) = camera.next_frame(CALL) {
        ensure(began.elapsed() < AWAY.0 + TIMES.1, || in_words(error))?;
    }
    Ok(format!("{found}; away {calls} calls took {:.1} % of a processor", 100.0 * share))
}

fn is_absent(cause: &CameraError) -> bool {
    matches!(cause, CameraError::Absent { .. })
}

/// The link that stays with the camera leads to another device file after it was plugged in again.
fn another_number() -> Result<String, Failure> {
    const LINK: &str = "/tmp/usb-camera";
    replug(2)?;
    let files = cameras()?;
    let [first, second] = &files[..] else { return Err(format!("two cameras are {files:?}")) };
    symlink(first, LINK).map_err(in_words)?;
    let mut camera = V4l2Camera::new(settings(Address::File(PathBuf::from(LINK))), Shutter::new());
    let give = || {
        fs::remove_file(LINK).map_err(in_words)?;
        symlink(second, LINK).map_err(in_words)
    };
    let found = lost_and_found(&mut camera, || set_on(first, "disconnect", 1), give, is_absent);
    fs::remove_file(LINK).map_err(in_words)?;
    Ok(format!("{first} became {second}: {}", found?))
}

/// The device files of the virtual cameras that send frames.
fn cameras() -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/dev").map_err(in_words)?.flatten() {
        let file = entry.path().display().to_string();
        if file.starts_with("/dev/video") && must(&format!("v4l2-ctl -d {file} --get-fmt-video")).is_ok() {
            found.push(file);
        }
    }
    found.sort();
    Ok(found)
}

fn several() -> Result<String, Failure> {
    replug(2)?;
    let mut camera = V4l2Camera::new(settings(Address::Only), Shutter::new());
    let found = match camera.next_frame(TERMS.frame_within) {
        Err(CameraError::Several { found, .. }) => found,
        other => return Err(format!("{:?}", other.map(|frame| frame.sequence))),
    };
    ensure(found.len() == 2, || format!("{found:?}"))?;
    let port = Address::Named("platform:vivid-001".to_owned());
    let mut camera = V4l2Camera::new(settings(port), Shutter::new());
    camera.next_frame(TERMS.frame_within).map_err(in_words)?;
    Ok(format!("{}; by its port: {}", found.join(", "), camera.name()))
}

fn busy() -> Result<String, Failure> {
    let mut first = camera();
    first.next_frame(TERMS.frame_within).map_err(in_words)?;
    let mut second = camera();
    for _ in 0..3 {
        let answer = second.next_frame(TERMS.frame_within).map(|frame| frame.sequence);
        ensure(matches!(answer, Err(CameraError::Busy { .. })), || format!("{answer:?}"))?;
    }
    first.next_frame(TERMS.frame_within).map_err(|error| format!("the first was disturbed: {error}"))?;
    drop(first);
    second.next_frame(TERMS.frame_within).map_err(in_words)?;
    Ok(format!("then free; {} failures", second.failures()))
}

fn colours() -> Result<String, Failure> {
    let samples = |coding| -> Result<Samples, CameraError> {
        let settings = Settings { wish: wish(coding), ..settings(Address::Only) };
        match V4l2Camera::new(settings, Shutter::new()).next_frame(TERMS.frame_within)?.format {
            PixelFormat::Raw(Raster { samples, .. }) => Ok(samples),
            PixelFormat::Jpeg | PixelFormat::Mjpeg { .. } => Ok(Samples::Rgb),
        }
    };
    let as_is = samples(Coding::Yuyv).map_err(in_words)?;
    set("quantization", 1)?;
    let full = samples(Coding::Yuyv).map_err(in_words)?;
    ensure(matches!(full, Samples::Yuyv { range: Range::Full, .. }), || format!("{full:?}"))?;
    set("quantization", 2)?;
    let limited = samples(Coding::Yuyv).map_err(in_words)?;
    ensure(matches!(limited, Samples::Yuyv { range: Range::Limited, .. }), || format!("{limited:?}"))?;
    let refused = samples(Coding::Rgb24);
    ensure(matches!(refused, Err(CameraError::Unsuitable { .. })), || format!("limited RGB: {refused:?}"))?;
    set("quantization", 0)?;
    let menu = must("v4l2-ctl -d /dev/video0 -L")?;
    let wide = menu.lines().find_map(|line| line.trim().strip_suffix(": BT.2020")?.parse().ok());
    set("colorspace", wide.ok_or("the camera has no BT.2020")?)?;
    let refused = samples(Coding::Yuyv);
    ensure(matches!(refused, Err(CameraError::Unsuitable { .. })), || format!("BT.2020: {refused:?}"))?;
    let missing = samples(Coding::Mjpeg);
    ensure(matches!(missing, Err(CameraError::Unsuitable { .. })), || format!("MJPG: {missing:?}"))?;
    Ok(format!("as it is {as_is:?}; refused: {refused:?}; {missing:?}"))
}

fn exposure_held() -> Result<String, Failure> {
    let shutter = Shutter::new();
    let mut camera = V4l2Camera::new(settings(Address::Only), shutter.clone());
    let mut gain = || {
        camera.next_frame(TERMS.frame_within).map_err(in_words)?;
        get("gain_automatic")
    };
    let before = gain()?;
    shutter.order();
    ensure(!shutter.is_ready(), || "the flash did not wait".to_owned())?;
    let held = gain()?;
    ensure(shutter.is_ready(), || "the flash was not told".to_owned())?;
    shutter.cancel();
    let after = gain()?;
    ensure([&before, &held, &after] == ["1", "0", "1"], || format!("{before}, {held}, {after}"))?;
    Ok("the automatic gain was off meanwhile".to_owned())
}

fn flash() -> Result<String, Failure> {
    let shutter = Shutter::new();
    let mut camera = V4l2Camera::new(settings(Address::Only), shutter.clone());
    let mut lit = Vec::new();
    for number in 0..20 {
        match number {
            5 => shutter.order(),
            6 => shutter.fired(),
            _ => {}
        }
        if camera.next_frame(TERMS.frame_within).map_err(in_words)?.lit_by_flash {
            lit.push(number);
        }
    }
    ensure(lit.len() == 1 && (6..12).contains(&lit[0]), || format!("lit: {lit:?}"))?;
    Ok(format!("fired before frame 6, lit frame {}", lit[0]))
}
