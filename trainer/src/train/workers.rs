//! Jobs on several threads, with results in the order of the jobs.
//!
//! Every worker runs in a rayon pool of *one* thread: the engine's own parallel sums group their parts by which
//! thread was free, which changes the last bits from run to run. With one thread a worker, a job's result depends on
//! the job alone, and results are joined in the jobs' order; so a run gives the same bits with any number of workers.

use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
};

use super::TrainError;

/// A fixed set of workers.
#[derive(Debug)]
pub(crate) struct Workers {
    pools: Vec<rayon::ThreadPool>,
    /// Where results are folded.
    folding: rayon::ThreadPool,
}

impl Workers {
    /// Starts `count` workers (at least one).
    pub(crate) fn new(count: usize) -> Result<Self, TrainError> {
        let pool = || rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let failed = |error: rayon::ThreadPoolBuildError| TrainError::Worker(error.to_string());
        let pools = (0..count.max(1)).map(|_| pool()).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        Ok(Self { pools, folding: pool().map_err(failed)? })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.pools.len()
    }

    /// Runs jobs `0..count`; after an error no further job is begun, and the error of the first failed job is
    /// returned.
    pub(crate) fn map<T: Send>(
        &self,
        count: usize,
        job: impl Fn(usize) -> Result<T, TrainError> + Sync,
    ) -> Result<Vec<T>, TrainError> {
        self.fold(count, job, Vec::with_capacity(count), |mut all, result| {
            all.push(result);
            all
        })
    }

    /// As [`Workers::map`], with the results folded in the jobs' order as they come, so that only those are held that
    /// came before their turn.
    pub(crate) fn fold<T: Send, A: Send>(
        &self,
        count: usize,
        job: impl Fn(usize) -> Result<T, TrainError> + Sync,
        start: A,
        fold: impl Fn(A, T) -> A + Sync,
    ) -> Result<A, TrainError> {
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        // A worker hands its result over and begins no other job before: at most one result a worker is held.
        let (sender, receiver) = mpsc::sync_channel(0);
        std::thread::scope(|scope| {
            for pool in self.pools.iter().take(count) {
                let (next, failed, job, sender) = (&next, &failed, &job, sender.clone());
                scope.spawn(move || {
                    pool.install(|| {
                        while !failed.load(Ordering::Relaxed) {
                            let index = next.fetch_add(1, Ordering::Relaxed);
                            if index >= count {
                                break;
                            }
                            let result = job(index);
                            failed.fetch_or(result.is_err(), Ordering::Relaxed);
                            // The receiver is gone only after a panic, which the scope passes on.
                            if sender.send((index, result)).is_err() {
                                break;
                            }
                        }
                    });
                });
            }
            drop(sender);
            self.folding.install(|| {
                let mut early = BTreeMap::new();
                let mut folded = start;
                let mut turn = 0;
                for (index, result) in receiver {
                    early.insert(index, result);
                    while let Some(result) = early.remove(&turn) {
                        folded = fold(folded, result?);
                        turn += 1;
                    }
                }
                // What is left waits for a job that was never begun: a later one has failed.
                match early.into_values().find_map(Result::err) {
                    Some(error) => Err(error),
                    None => Ok(folded),
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_jobs() {
        let squares = Workers::new(3).unwrap().map(50, |index| Ok(index * index)).unwrap();
        assert_eq!(squares, (0..50).map(|index| index * index).collect::<Vec<_>>());
    }

    #[test]
    fn results_are_folded_in_order_however_long_a_job_takes() {
        let slow_first = |index: usize| {
            std::thread::sleep(std::time::Duration::from_millis(if index.is_multiple_of(3) { 5 } else { 0 }));
            Ok(index.to_string())
        };
        let joined = Workers::new(3).unwrap().fold(9, slow_first, String::new(), |all, one| all + &one).unwrap();
        assert_eq!(joined, "012345678");
    }

    #[test]
    fn the_first_error_is_returned() {
        let result = Workers::new(2)
            .unwrap()
            .map(10, |index| if index >= 3 { Err(TrainError::Worker(format!("job {index}"))) } else { Ok(()) });
        assert_eq!(result.unwrap_err().to_string(), "a worker failed: job 3");
    }
}
