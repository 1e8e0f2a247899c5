//! What the writer and the test that kills it agree on.

use ocellus::record::Device;
use ocellus_model::laterality::Laterality;

/// The device.
pub(crate) fn device() -> Device {
    Device { site: "Site".into(), name: "one".into(), version: "0".into(), simulated: true }
}

/// The bytes of a photograph, told by where it belongs: 8 to 200 kB.
pub(crate) fn photograph(encounter: &str, eye: Laterality, attempt: u32) -> Vec<u8> {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for byte in format!("{encounter} {eye} {attempt}").bytes() {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let length = 8_000 + (state % 192_000) as usize;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    bytes.flatten().take(length).collect()
}
