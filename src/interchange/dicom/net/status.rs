//! What a peer answers to a request (PS3.7, C).
//!
//! Not here: what a service makes of it.

use std::fmt;

/// An answer's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The number, 0 for success.
    pub code: u16,
    /// What the peer says of it; not shown by itself, since it may name the patient.
    pub comment: Option<String>,
}

/// The request is done.
pub(super) const SUCCESS: u16 = 0x0000;
/// There is such an object already.
const DUPLICATE_INSTANCE: u16 = 0x0111;

impl Status {
    /// Whether the request is done without a remark.
    pub fn is_success(&self) -> bool {
        self.code == SUCCESS
    }

    /// Whether it is done with a remark.
    pub fn is_warning(&self) -> bool {
        matches!(self.code, 0x0001 | 0x0107 | 0x0116 | 0xb000..=0xbfff)
    }

    /// Whether the peer says that it has the object already.
    pub fn is_duplicate(&self) -> bool {
        self.code == DUPLICATE_INSTANCE
    }

    /// Whether there is more to come.
    pub fn is_pending(&self) -> bool {
        matches!(self.code, 0xff00 | 0xff01)
    }

    /// Whether the peer says that the data set is not as it should be; another transfer syntax may help.
    pub fn is_about_data(&self) -> bool {
        matches!(self.code, 0xa900..=0xa9ff | 0xc000..=0xcfff)
    }

    /// Whether the same request may go well later.
    pub fn may_pass(&self) -> bool {
        matches!(self.code, 0xa700..=0xa7ff | 0x0110 | 0x0213)
    }

    /// What the number means.
    pub fn meaning(&self) -> &'static str {
        match self.code {
            SUCCESS => "success",
            0x0105 => "no such attribute",
            0x0106 => "invalid attribute value",
            0x0107 => "attribute list error",
            0x0110 => "processing failure",
            DUPLICATE_INSTANCE => "duplicate SOP instance",
            0x0112 => "no such object instance",
            0x0113 => "no such event type",
            0x0114 => "no such argument",
            0x0115 => "invalid argument value",
            0x0116 => "attribute value out of range",
            0x0117 => "invalid object instance",
            0x0118 => "no such SOP class",
            0x0119 => "class-instance conflict",
            0x0120 => "missing attribute",
            0x0121 => "missing attribute value",
            0x0122 => "SOP class not supported",
            0x0123 => "no such action",
            0x0124 => "not authorised",
            0x0210 => "duplicate invocation",
            0x0211 => "unrecognised operation",
            0x0212 => "mistyped argument",
            0x0213 => "resource limitation",
            0xa700..=0xa7ff => "out of resources",
            0xa900..=0xa9ff => "data set does not match the SOP class",
            0xb000 => "coercion of data elements",
            0xb006 => "elements discarded",
            0xb007 => "data set does not match the SOP class, stored nevertheless",
            0xb001..=0xb005 | 0xb008..=0xbfff => "warning",
            0xc000..=0xcfff => "cannot understand",
            0xfe00 => "cancelled",
            0xff00 | 0xff01 => "pending",
            _ => "unknown status",
        }
    }

    /// What somebody can do about it.
    pub(super) fn advice(&self) -> &'static str {
        match self.code {
            0x0124 => "let the peer's administrator allow this device to do this",
            0x0122 | 0x0118 => "let the peer's administrator switch this SOP class on",
            0xa700..=0xa7ff | 0x0213 => "the peer's disk or memory is full; let its administrator make room",
            0xa900..=0xa9ff | 0xc000..=0xcfff => "the peer's log names the element that it does not like",
            _ => "see the peer's log",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X} ({})", self.code, self.meaning())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_of_one_kind() {
        for code in 0..=u16::MAX {
            let status = Status { code, comment: Some("Roe^Jane".to_owned()) };
            let kinds = [status.is_success(), status.is_warning(), status.is_duplicate(), status.is_pending()];
            assert!(kinds.into_iter().filter(|&is| is).count() <= 1, "{status}");
            assert!(!(status.may_pass() && status.is_about_data()), "{status}");
            assert!(!format!("{status}{}", status.advice()).contains("Roe"));
        }
    }
}
