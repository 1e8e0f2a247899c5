//! A run's figures as TensorBoard reads them: an event file of scalars.
//!
//! The format (TensorFlow's `record_writer.h` and `event.proto`): records of a length, its checksum, the bytes and their
//! checksum; a checksum is a CRC-32C, turned by fifteen bits and shifted by a constant. The bytes are a protobuf message.

use prost::Message;

use super::metrics::EpochMetrics;

/// Name of the file in a run folder; TensorBoard looks for the word in the middle.
pub(super) const EVENTS_FILE: &str = "events.out.tfevents.ocellus";

/// What is added to a checksum so that one of a checksum isn't another (`crc32c.h`).
const MASK_DELTA: u32 = 0xa282_ead8;

#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, tag = "2")]
    simple_value: f32,
}

/// The event file of all epochs so far; `names` go with the AUROCs, `wall_time` is in seconds since 1970.
pub(super) fn file(names: &[&str], metrics: &[EpochMetrics], wall_time: f64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let version = Event { wall_time, step: 0, file_version: Some("brain.Event:2".to_owned()), summary: None };
    record(&mut bytes, &version.encode_to_vec());
    for line in metrics {
        let mut values = vec![
            ("loss/train".to_owned(), Some(line.train_loss)),
            ("loss/validation".to_owned(), Some(line.validation_loss)),
            ("rate/head".to_owned(), Some(line.head_rate)),
            ("auroc/mean".to_owned(), line.mean_auroc),
        ];
        values.extend(names.iter().zip(&line.auroc).map(|(name, auroc)| (format!("auroc/{name}"), *auroc)));
        let scalars = values.into_iter().filter_map(|(tag, value)| Some(Scalar { tag, simple_value: value? as f32 }));
        let summary = Some(Summary { value: scalars.collect() });
        let event = Event { wall_time, step: line.step as i64, file_version: None, summary };
        record(&mut bytes, &event.encode_to_vec());
    }
    bytes
}

fn record(out: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&checksum(&length).to_le_bytes());
    out.extend_from_slice(data);
    out.extend_from_slice(&checksum(data).to_le_bytes());
}

fn checksum(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(MASK_DELTA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_whole_and_say_what_there_is() {
        let line = EpochMetrics {
            epoch: 1,
            step: 30,
            head_rate: 1e-3,
            train_loss: 0.5,
            validation_loss: 0.25,
            auroc: vec![Some(0.75), None],
            mean_auroc: Some(0.75),
        };
        let bytes = file(&["anomaly", "opacity"], &[line], 0.0);
        let mut rest = &bytes[..];
        let mut events = Vec::new();
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            assert_eq!(u32::from_le_bytes(rest[8..12].try_into().unwrap()), checksum(&rest[..8]));
            events.push(Event::decode(&rest[12..12 + length]).unwrap());
            rest = &rest[16 + length..];
        }
        assert_eq!(events[0].file_version.as_deref(), Some("brain.Event:2"));
        let scalars = &events[1].summary.as_ref().unwrap().value;
        let tags: Vec<(&str, f32)> = scalars.iter().map(|scalar| (&scalar.tag[..], scalar.simple_value)).collect();
        assert_eq!(
            tags,
            [
                ("loss/train", 0.5),
                ("loss/validation", 0.25),
                ("rate/head", 1e-3),
                ("auroc/mean", 0.75),
                ("auroc/anomaly", 0.75)
            ]
        );
        assert_eq!(events[1].step, 30);
    }

    #[test]
    fn the_checksum_is_the_masked_one_of_the_published_example() {
        // RFC 3720, B.4: 32 bytes of zeros have the CRC-32C 8a9136aa; turned and shifted by hand.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(checksum(&[0; 32]), 0x8a91_36aa_u32.rotate_right(15).wrapping_add(0xa282_ead8));
    }
}
