//! Which part of a job this process takes, when a scheduler started several: each prints or writes its own part.
//!
//! Read from the environment, the first pair that is there: `RANK` and `WORLD_SIZE` (torchrun and its like),
//! `SLURM_ARRAY_TASK_ID` and `SLURM_ARRAY_TASK_COUNT` (with `SLURM_ARRAY_TASK_MIN`; a step of one), `SLURM_PROCID` and
//! `SLURM_NTASKS`. Without any the process takes everything.
//!
//! Not here: one training on several machines, which this program does not do.

/// A part of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Number of this part, from 0.
    pub index: usize,
    /// Number of parts, at least 1.
    pub count: usize,
}

/// An environment that names no part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// One variable of a pair without the other, or not a number.
    #[error("environment: {name} is {found}, expected a whole number that goes with {partner}")]
    Value {
        /// The variable.
        name: &'static str,
        /// What it holds.
        found: String,
        /// The other one of the pair.
        partner: &'static str,
    },
    /// A part that there is not.
    #[error("environment: part {index} of {count}: expected a part from 0 to one less than the number of parts")]
    Range {
        /// The part's number.
        index: usize,
        /// Number of parts.
        count: usize,
    },
}

impl Shard {
    /// Everything.
    pub const WHOLE: Shard = Shard { index: 0, count: 1 };

    /// The part the environment names.
    ///
    /// # Errors
    /// When a variable holds no number, its partner is missing, or the part is beyond the number of parts.
    pub fn of_environment() -> Result<Self, ShardError> {
        Self::of(|name| std::env::var(name).ok())
    }

    fn of(get: impl Fn(&str) -> Option<String>) -> Result<Self, ShardError> {
        let number = |name: &'static str, partner: &'static str| {
            let text = get(name);
            let parsed = text.as_deref().and_then(|text| text.trim().parse::<usize>().ok());
            parsed.ok_or(ShardError::Value { name, found: text.unwrap_or_else(|| "not set".to_owned()), partner })
        };
        let pairs = [
            ("RANK", "WORLD_SIZE", None),
            ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", Some("SLURM_ARRAY_TASK_MIN")),
            ("SLURM_PROCID", "SLURM_NTASKS", None),
        ];
        for (index_name, count_name, first_name) in pairs {
            if get(index_name).is_none() {
                continue;
            }
            // A login shell inside a job has the first of a pair at times and not the second: that is no part.
            if get(count_name).is_none() && index_name.starts_with("SLURM") {
                continue;
            }
            let (index, count) = (number(index_name, count_name)?, number(count_name, index_name)?);
            let first = match first_name.filter(|name| get(name).is_some()) {
                Some(name) => number(name, index_name)?,
                None => 0,
            };
            let shard = Shard { index: index.wrapping_sub(first), count };
            return if shard.index < count { Ok(shard) } else { Err(ShardError::Range { index, count }) };
        }
        Ok(Self::WHOLE)
    }

    /// Whether this process has the whole job.
    pub fn is_whole(self) -> bool {
        self.count == 1
    }

    /// Whether the item of this number belongs to the part.
    pub fn takes(self, number: usize) -> bool {
        number % self.count == self.index
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "part {} of {}", self.index + 1, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Shard, ShardError> {
        Shard::of(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_names_a_part() {
        assert_eq!(of(&[]), Ok(Shard::WHOLE));
        assert_eq!(of(&[("RANK", "2"), ("WORLD_SIZE", "4")]), Ok(Shard { index: 2, count: 4 }));
        let array = [("SLURM_ARRAY_TASK_ID", "11"), ("SLURM_ARRAY_TASK_COUNT", "8"), ("SLURM_ARRAY_TASK_MIN", "10")];
        assert_eq!(of(&array), Ok(Shard { index: 1, count: 8 }));
        assert_eq!(of(&[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "3")]), Ok(Shard { index: 0, count: 3 }));
        // An array's element that runs on one task is a part of the array.
        let both = [
            ("SLURM_ARRAY_TASK_ID", "1"),
            ("SLURM_ARRAY_TASK_COUNT", "2"),
            ("SLURM_PROCID", "0"),
            ("SLURM_NTASKS", "1"),
        ];
        assert_eq!(of(&both), Ok(Shard { index: 1, count: 2 }));
        assert_eq!(of(&[("SLURM_PROCID", "0")]), Ok(Shard::WHOLE));
    }

    #[test]
    fn what_is_no_part_is_refused_by_name() {
        let error = of(&[("RANK", "1")]).unwrap_err().to_string();
        assert!(error.contains("WORLD_SIZE is not set") && error.contains("RANK"), "{error}");
        assert!(of(&[("RANK", "x"), ("WORLD_SIZE", "2")]).unwrap_err().to_string().contains("RANK is x"));
        assert_eq!(of(&[("RANK", "2"), ("WORLD_SIZE", "2")]), Err(ShardError::Range { index: 2, count: 2 }));
        assert!(of(&[("RANK", "0"), ("WORLD_SIZE", "0")]).is_err());
        let array = [("SLURM_ARRAY_TASK_ID", "3"), ("SLURM_ARRAY_TASK_COUNT", "2"), ("SLURM_ARRAY_TASK_MIN", "4")];
        assert!(of(&array).is_err());
    }

    #[test]
    fn every_item_belongs_to_exactly_one_part() {
        for number in 0..20 {
            assert_eq!((0..3).filter(|index| Shard { index: *index, count: 3 }.takes(number)).count(), 1);
        }
    }
}
