//! MLLP: how messages are framed on a connection, and what an answer says. Bytes in, bytes out; no network, no clock.
//!
//! ```text
//! 0x0B  message  0x1C 0x0D
//! ```

/// Begins a frame.
const START: u8 = 0x0B;
/// Ends a frame, with [`RETURN`] after it.
const END: u8 = 0x1C;
const RETURN: u8 = 0x0D;

/// Bytes of an answer at most; a longer one is no answer.
pub const ANSWER_LENGTH_MAX: usize = 1 << 20;

/// A message in its frame.
pub fn frame(message: &[u8]) -> Vec<u8> {
    [&[START], message, &[END, RETURN]].concat()
}

/// What the receiver made of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// `AA`: taken.
    Accepted,
    /// `AE`: refused for what it says; the same message again will be refused again.
    Error,
    /// `AR`: refused for another reason, such as a receiver out of order; it may be sent again later.
    Rejected,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the receiver made of the message.
    pub verdict: Verdict,
    /// The control id of that message; an answer with another belongs to another message.
    pub control_id: String,
    /// What the receiver says about it; may be empty, and may name the patient.
    pub text: String,
}

/// Why bytes are no answer. What a receiver sent is not repeated: it may name the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Something else than a frame's beginning.
    #[error("the answer does not begin as an MLLP frame")]
    NotAFrame,
    /// No end within [`ANSWER_LENGTH_MAX`] bytes.
    #[error("the answer is longer than {ANSWER_LENGTH_MAX} bytes")]
    TooLong,
    /// The frame does not hold a message with the segments MSH and MSA in UTF-8.
    #[error("the answer is not an HL7 v2 acknowledgement")]
    NotAnAnswer,
    /// It holds neither AA, AE nor AR.
    #[error("the answer's code is none of AA, AE, AR")]
    UnknownCode,
}

/// Puts answers together from what a connection delivers, piece by piece. After an error the connection is to be closed.
#[derive(Debug, Default)]
pub struct Answers {
    bytes: Vec<u8>,
}

impl Answers {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what was delivered; answers come out of [`Answers::next`].
    pub fn push(&mut self, delivered: &[u8]) {
        self.bytes.extend_from_slice(delivered);
    }

    /// The next answer, once it is there as a whole.
    ///
    /// # Errors
    /// When what came is no answer.
    #[expect(clippy::should_implement_trait, reason = "more may come after none")]
    pub fn next(&mut self) -> Result<Option<Answer>, AnswerError> {
        // Some receivers end a frame with more than the standard says.
        let begin = self.bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(self.bytes.len());
        self.bytes.drain(..begin);
        match self.bytes.first() {
            None => return Ok(None),
            Some(&START) => {}
            Some(_) => return Err(AnswerError::NotAFrame),
        }
        let end = self.bytes.windows(2).position(|pair| pair == [END, RETURN]);
        match end {
            Some(end) if end <= ANSWER_LENGTH_MAX => {
                let answer = read(&self.bytes[1..end]);
                self.bytes.drain(..end + 2);
                answer.map(Some)
            }
            None if self.bytes.len() <= ANSWER_LENGTH_MAX => Ok(None),
            Some(_) | None => Err(AnswerError::TooLong),
        }
    }
}

fn read(message: &[u8]) -> Result<Answer, AnswerError> {
    let message = std::str::from_utf8(message).map_err(|_| AnswerError::NotAnAnswer)?;
    let separator = message.strip_prefix("MSH").and_then(|rest| rest.chars().next()).ok_or(AnswerError::NotAnAnswer)?;
    let mut segments = message.split(['\r', '\n']).map(|segment| segment.split(separator));
    let mut fields = segments
        .find_map(|mut fields| (fields.next() == Some("MSA")).then_some(fields))
        .ok_or(AnswerError::NotAnAnswer)?;
    let mut field = || fields.next().unwrap_or_default().trim().to_owned();
    let verdict = match field().as_str() {
        "AA" => Verdict::Accepted,
        "AE" => Verdict::Error,
        "AR" => Verdict::Rejected,
        _ => return Err(AnswerError::UnknownCode),
    };
    Ok(Answer { verdict, control_id: field(), text: field() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(code: &str) -> Vec<u8> {
        frame(format!("MSH|^~\\&|EHR||OCELLUS||20261128||ACK|1|P|2.5.1\rMSA|{code}|0123abc|so it is\r").as_bytes())
    }

    #[test]
    fn the_three_answers_are_told_apart_however_the_bytes_come() {
        for (code, verdict) in [("AA", Verdict::Accepted), ("AE", Verdict::Error), ("AR", Verdict::Rejected)] {
            let bytes = [ack(code), ack("AA")].concat();
            for piece in [1, 2, 3, 7, bytes.len()] {
                let mut answers = Answers::new();
                let mut found = Vec::new();
                for piece in bytes.chunks(piece) {
                    answers.push(piece);
                    while let Some(answer) = answers.next().unwrap() {
                        found.push(answer);
                    }
                }
                let expected = |verdict| Answer { verdict, control_id: "0123abc".into(), text: "so it is".into() };
                assert_eq!(found, [expected(verdict), expected(Verdict::Accepted)]);
            }
        }
    }

    #[test]
    fn a_part_of_an_answer_is_none_yet() {
        let bytes = ack("AA");
        for length in 0..bytes.len() {
            let mut answers = Answers::new();
            answers.push(&bytes[..length]);
            assert_eq!(answers.next(), Ok(None));
        }
    }

    #[test]
    fn what_is_no_answer_is_an_error_that_repeats_nothing() {
        for (bytes, error) in [
            (b"HTTP/1.1 200 OK".to_vec(), AnswerError::NotAFrame),
            (frame(b"Jane Roe"), AnswerError::NotAnAnswer),
            (frame(b"MSH|^~\\&|EHR\r"), AnswerError::NotAnAnswer),
            (frame(b"\xff\xfe"), AnswerError::NotAnAnswer),
            (ack("CA"), AnswerError::UnknownCode),
            (ack(""), AnswerError::UnknownCode),
            ([vec![START], vec![b'x'; ANSWER_LENGTH_MAX + 1]].concat(), AnswerError::TooLong),
        ] {
            let mut answers = Answers::new();
            answers.push(&bytes);
            let found = answers.next().unwrap_err();
            assert_eq!(found, error);
            assert!(!found.to_string().contains("Jane"));
        }
    }
}
