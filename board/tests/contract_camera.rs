//! The contract of every camera, on the simulated one. On the kernel's cameras it runs in a virtual machine (`make vm-test`).

use std::time::Duration;

use ocellus_board::{
    camera::{
        Camera, CameraError, CameraFrame,
        contract::{Terms, comes_back, delivers, keeps_deadlines},
    },
    sim::{Damage, Link, Rig, SimulatedCamera, Stage},
};

const TERMS: Terms = Terms { frame_within: Duration::from_secs(10), slack: Duration::from_secs(2), frames: 20 };
/// By when a loss must be told, and by when frames must be there again.
const TIMES: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(10));

/// Slow enough that a millisecond is too short for a frame.
fn camera(stage: &Stage) -> SimulatedCamera {
    SimulatedCamera::new(Rig::new(), stage.clone(), 7, 20)
}

// verifies: RQ-170
#[test]
fn frames_come_whole_and_in_order() {
    let seen = delivers(&mut camera(&Stage::new()), &TERMS).unwrap();
    assert_eq!((seen.frames, seen.missing), (20, 0));
}

/// A camera whose frames after the first are damaged.
struct Damaged {
    camera: SimulatedCamera,
    stage: Stage,
    damage: Damage,
}

impl Camera for Damaged {
    fn name(&self) -> &str {
        self.camera.name()
    }

    fn is_simulated(&self) -> bool {
        self.camera.is_simulated()
    }

    fn next_frame(&mut self, within: Duration) -> Result<CameraFrame, CameraError> {
        let frame = self.camera.next_frame(within);
        self.stage.damage(self.damage);
        frame
    }
}

// verifies: RQ-170
#[test]
fn lost_frames_are_counted_and_torn_or_repeated_ones_are_no_frames() {
    let damaged = |damage| {
        let stage = Stage::new();
        delivers(&mut Damaged { camera: camera(&stage), stage, damage }, &TERMS)
    };
    assert_eq!(damaged(Damage::Lost(3)).unwrap().missing, 3 * 19);
    for damage in [Damage::Torn, Damage::Repeated] {
        assert!(damaged(damage).is_err(), "{damage:?}");
    }
}

#[test]
fn deadlines_are_kept() {
    let seen = keeps_deadlines(&mut camera(&Stage::new()), &TERMS).unwrap();
    assert!(seen.empty_handed > 0, "{seen:?}");
}

// verifies: RQ-170
#[test]
fn it_comes_back_after_it_was_unplugged_or_hung() {
    for (link, is_cause) in [
        (Link::Gone, (|cause| matches!(cause, CameraError::Absent { .. })) as fn(&CameraError) -> bool),
        (Link::Stalled, |cause| matches!(cause, CameraError::Stalled { .. })),
    ] {
        let stage = Stage::new();
        let mut camera = camera(&stage);
        comes_back(&mut camera, &TERMS, TIMES, || stage.connect(link), || stage.connect(Link::Up), is_cause).unwrap();
        let unheard = comes_back(&mut camera, &TERMS, (Duration::ZERO, TIMES.1), || (), || (), is_cause);
        assert!(unheard.is_err(), "a camera that was not lost must not pass");
    }
}
