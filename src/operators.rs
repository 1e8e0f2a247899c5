//! Signing in: whether a PIN is that of an operator, and what wrong ones cost.
//!
//! A PIN of four digits can be tried out, so tries are slow: after [`TRIES`] wrong ones the id is locked for a minute,
//! and each further wrong one doubles that, up to an hour. An id that nobody has takes as long to refuse as one that
//! somebody has, and is locked as it is. There is no default PIN: without operators in the configuration nobody can
//! sign in.
//!
//! Locks last while the program runs: whoever can restart a device can try [`TRIES`] more.
//!
//! Not here: the configuration of operators (`src/config/operators.rs`), screens, the clock (time is passed in).

use std::{collections::VecDeque, time::Duration};

use argon2::{
    Argon2, Params,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

use crate::config::{Operator, Role};

/// Wrong PINs, one after the other, that lock an id.
pub const TRIES: u32 = 5;
/// How long the first lock lasts.
const LOCK_FIRST: Duration = Duration::from_secs(60);
/// How long a lock lasts at most.
const LOCK_MAX: Duration = Duration::from_secs(60 * 60);
/// Ids that nobody has whose tries are remembered; the oldest goes first.
const STRANGERS_MAX: usize = 32;
/// Digits of a PIN.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=12;

/// What came of a try to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// The PIN is that operator's.
    Accepted(Role),
    /// It is not, or nobody has that id.
    Wrong {
        /// Further wrong ones before the id is locked, at least 1.
        tries_left: u32,
    },
    /// The id is locked; the PIN was not looked at, or was the wrong one that locked it.
    LockedOut {
        /// Until when, on the clock that was passed in.
        until: Duration,
    },
}

/// Who may sign in, and how often each was tried wrongly.
#[derive(Debug)]
pub struct Operators {
    known: Vec<(Operator, Tries)>,
    strangers: VecDeque<(String, Tries)>,
}

/// Wrong tries at one id since the last right one.
#[derive(Debug, Clone, Copy, Default)]
struct Tries {
    wrong: u32,
    locked_until: Option<Duration>,
}

impl Operators {
    /// The operators of a configuration.
    pub fn new(operators: &[Operator]) -> Self {
        let known = operators.iter().map(|operator| (operator.clone(), Tries::default())).collect();
        Operators { known, strangers: VecDeque::new() }
    }

    /// Whether there is nobody who could sign in.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The operator of an id, for showing the name.
    pub fn get(&self, id: &str) -> Option<&Operator> {
        self.known.iter().map(|(operator, _)| operator).find(|operator| operator.id == id)
    }

    /// Tries to sign in at `now`, a time since an arbitrary start that never goes back. Takes some hundredths of a
    /// second, as it is meant to.
    pub fn verify(&mut self, id: &str, pin: &str, now: Duration) -> SignIn {
        let at = self.known.iter().position(|(operator, _)| operator.id == id);
        if let Some(until) = self.tries(id, at).locked_until.filter(|until| now < *until) {
            return SignIn::LockedOut { until };
        }
        // For an id that nobody has somebody's hash is checked, so that it takes as long.
        let hash = at.or_else(|| self.costliest()).map(|index| self.known[index].0.pin.hash());
        let matches = hash.is_some_and(|hash| Argon2::default().verify_password(pin.as_bytes(), hash).is_ok());
        let tries = self.tries(id, at);
        match at {
            Some(index) if matches => {
                *tries = Tries::default();
                SignIn::Accepted(self.known[index].0.role)
            }
            _ => tries.wrong(now),
        }
    }

    fn tries(&mut self, id: &str, known: Option<usize>) -> &mut Tries {
        if let Some(index) = known {
            return &mut self.known[index].1;
        }
        let index = self.strangers.iter().position(|(stranger, _)| stranger == id).unwrap_or_else(|| {
            if self.strangers.len() == STRANGERS_MAX {
                self.strangers.pop_front();
            }
            self.strangers.push_back((id.to_owned(), Tries::default()));
            self.strangers.len() - 1
        });
        &mut self.strangers[index].1
    }

    /// The operator whose hash takes the longest.
    fn costliest(&self) -> Option<usize> {
        let cost = |hash: &PasswordHash| {
            Params::try_from(hash).map_or(0, |params| u64::from(params.m_cost()) * u64::from(params.t_cost()))
        };
        (0..self.known.len()).max_by_key(|index| cost(self.known[*index].0.pin.hash()))
    }
}

impl Tries {
    fn wrong(&mut self, now: Duration) -> SignIn {
        self.wrong = self.wrong.saturating_add(1);
        match self.wrong.checked_sub(TRIES) {
            None => SignIn::Wrong { tries_left: TRIES - self.wrong },
            Some(before) => {
                let lock = LOCK_FIRST.saturating_mul(2_u32.saturating_pow(before)).min(LOCK_MAX);
                let until = now.saturating_add(lock);
                self.locked_until = Some(until);
                SignIn::LockedOut { until }
            }
        }
    }
}

/// Why a PIN has no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Not 4 to 12 digits.
    #[error("a PIN has 4 to 12 digits and nothing else; choose another")]
    NotDigits,
    /// Among those that are tried first.
    #[error("such a PIN (0000, 1234, 1212) is tried first by whoever guesses; choose another")]
    Trivial,
    /// The system has no randomness to give, or no memory.
    #[error("the PIN cannot be hashed: {0}")]
    Hash(String),
}

/// The hash of a PIN as a PHC string, with a salt drawn anew: Argon2id with 19 MiB, 2 passes and 1 lane, the first
/// choice of OWASP's password storage sheet.
///
/// # Errors
/// When the PIN isn't 4 to 12 digits or is a trivial one; when the system can't hash.
pub fn hash_pin(pin: &str) -> Result<String, PinError> {
    if !DIGITS.contains(&pin.len()) || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PinError::NotDigits);
    }
    if is_trivial(pin.as_bytes()) {
        return Err(PinError::Trivial);
    }
    let hash = Argon2::default().hash_password(pin.as_bytes()).map_err(|error| PinError::Hash(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether digits all differ from the one before by the same step of 0, 1 or -1 (0000, 1234, 9876, 8901), or repeat
/// the first two (1212).
fn is_trivial(digits: &[u8]) -> bool {
    let steps = |step: u8| digits.windows(2).all(|pair| (pair[0] - b'0' + step) % 10 == pair[1] - b'0');
    [0, 1, 9].into_iter().any(steps) || digits.iter().zip(digits.iter().skip(2)).all(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::config::PinHash;

    /// The hash of 5937, made once: hashing is slow.
    static HASH: LazyLock<PinHash> = LazyLock::new(|| PinHash::parse(&hash_pin("5937").unwrap()).unwrap());

    fn operators() -> Operators {
        let one = |id: &str, role| Operator { id: id.to_owned(), name: id.to_owned(), role, pin: HASH.clone() };
        Operators::new(&[one("amina", Role::Operator), one("sam", Role::Service)])
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_right_pin_signs_in_with_the_operators_role() {
        let mut operators = operators();
        assert_eq!(operators.verify("amina", "5937", at(0)), SignIn::Accepted(Role::Operator));
        assert_eq!(operators.verify("sam", "5937", at(0)), SignIn::Accepted(Role::Service));
        for (id, pin) in [("amina", "5938"), ("amina", ""), ("Amina", "5937"), ("", "5937")] {
            assert!(matches!(operators.verify(id, pin, at(0)), SignIn::Wrong { .. }), "{id} {pin}");
        }
    }

    // verifies: RQ-084
    #[test]
    fn five_wrong_pins_lock_and_the_lock_grows() {
        let mut operators = operators();
        for tries_left in [4, 3, 2, 1] {
            assert_eq!(operators.verify("amina", "0", at(0)), SignIn::Wrong { tries_left });
        }
        let mut now = at(0);
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            let until = now + at(60 * minutes);
            assert_eq!(operators.verify("amina", "0", now), SignIn::LockedOut { until });
            // The right one does not help meanwhile, nor do more wrong ones make it longer.
            let just_before = until - Duration::from_nanos(1);
            assert_eq!(operators.verify("amina", "5937", just_before), SignIn::LockedOut { until });
            assert_eq!(operators.verify("amina", "0", just_before), SignIn::LockedOut { until });
            now = until;
        }
        // Another operator is not locked.
        assert_eq!(operators.verify("sam", "5937", now), SignIn::Accepted(Role::Service));
        assert_eq!(operators.verify("amina", "5937", now), SignIn::Accepted(Role::Operator));
        assert_eq!(operators.verify("amina", "0", now), SignIn::Wrong { tries_left: 4 });
    }

    #[test]
    fn an_id_that_nobody_has_behaves_as_one_that_somebody_has() {
        let mut operators = operators();
        for turn in 0..7 {
            let [stranger, known] = ["nobody", "amina"].map(|id| operators.verify(id, "0", at(turn)));
            assert_eq!(stranger, known, "turn {turn}");
        }
    }

    #[test]
    fn ids_that_nobody_has_take_bounded_memory() {
        let mut operators = Operators::new(&[]);
        assert!(operators.is_empty());
        for number in 0..1000 {
            assert!(matches!(operators.verify(&number.to_string(), "5937", at(0)), SignIn::Wrong { .. }));
        }
        assert_eq!(operators.strangers.len(), STRANGERS_MAX);
    }

    // verifies: RQ-084
    #[test]
    fn short_and_trivial_pins_have_no_hash() {
        for pin in ["", "593", "59a7", "5937 ", "٥٩٣٧", "5937593759375"] {
            assert_eq!(hash_pin(pin), Err(PinError::NotDigits), "{pin}");
        }
        for pin in ["0000", "1234", "4321", "8901", "1098", "1212", "777777", "121212"] {
            assert_eq!(hash_pin(pin), Err(PinError::Trivial), "{pin}");
        }
    }

    #[test]
    fn each_hash_has_its_own_salt() {
        assert_ne!(hash_pin("5937").unwrap(), hash_pin("5937").unwrap());
    }
}
