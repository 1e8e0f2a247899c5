//! A peer: where it is, what both are called, and how long each step may take.

use std::{fmt, str::FromStr, time::Duration};

use super::tls::Tls;

/// The name of an application entity: 1 to 16 characters of ASCII, without backslash, not only spaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AeTitle(String);

/// A text that is not the name of an application entity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not an AE title, expected 1 to 16 printable ASCII characters without backslash")]
pub struct AeTitleError {
    /// The text as found.
    pub found: String,
}

impl FromStr for AeTitle {
    type Err = AeTitleError;

    fn from_str(text: &str) -> Result<Self, AeTitleError> {
        let title = text.trim_matches(' ');
        let allowed = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'\\';
        if (1..=16).contains(&title.len()) && title.bytes().all(allowed) {
            Ok(AeTitle(title.to_owned()))
        } else {
            Err(AeTitleError { found: text.to_owned() })
        }
    }
}

impl fmt::Display for AeTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AeTitle {
    /// A name that stands in this program, and is one.
    pub(crate) fn known(title: &'static str) -> Self {
        AeTitle(title.to_owned())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A peer.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its host: a name or an IP address.
    pub host: String,
    /// Its port; 104 or 11112 as a rule, 2762 with TLS.
    pub port: u16,
    /// What it is called.
    pub called: AeTitle,
    /// What we are called.
    pub calling: AeTitle,
    /// How long each step may take.
    pub times: Times,
    /// TLS, where the peer speaks it.
    pub tls: Option<Tls>,
}

/// How long each step may take, as a whole: a peer that sends one byte a second is as late as a silent one. Looking up the
/// host's name is left to the system and its own limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Connecting, with the handshake of TLS.
    pub connect: Duration,
    /// An answer, to the request for an association or to any other.
    pub answer: Duration,
    /// Taking what we send, one object at a time.
    pub send: Duration,
    /// An answer to the release at the end.
    pub release: Duration,
}

impl Default for Times {
    /// 10 s to connect, 60 s to answer, 120 s to send, 5 s to release.
    fn default() -> Self {
        let [connect, answer, send, release] = [10, 60, 120, 5].map(Duration::from_secs);
        Times { connect, answer, send, release }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ae_titles_are_what_the_standard_allows() {
        for title in ["A", "OCELLUS", "OCELLUS ROOM 1", "ABCDEFGHIJKLMNOP"] {
            assert_eq!(title.parse::<AeTitle>().unwrap().as_str(), title);
        }
        assert_eq!(" PACS ".parse::<AeTitle>().unwrap().as_str(), "PACS");
        for title in ["", "   ", "ABCDEFGHIJKLMNOPQ", "A\\B", "É", "A\nB"] {
            assert!(title.parse::<AeTitle>().is_err(), "{title:?}");
        }
    }
}
