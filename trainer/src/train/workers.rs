//! Jobs on several threads, with results in the order of the jobs.
//!
//! Every worker runs in a rayon pool of *one* thread: the engine's own parallel sums group their parts by which
//! thread was free, which changes the last bits from run to run. With one thread a worker, a job's result depends on
//! the job alone, and results are joined in the jobs' order; so a run gives the same bits with any number of workers.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::TrainError;

/// A fixed set of workers.
#[derive(Debug)]
pub(crate) struct Workers {
    pools: Vec<rayon::ThreadPool>,
}

impl Workers {
    /// Starts `count` workers (at least one).
    pub(crate) fn new(count: usize) -> Result<Self, TrainError> {
        let pools = (0..count.max(1))
            .map(|_| rayon::ThreadPoolBuilder::new().num_threads(1).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| TrainError::Worker(error.to_string()))?;
        Ok(Self { pools })
    }

    /// Runs jobs `0..count`; after an error no further job is begun, and the error of the first failed job is
    /// returned.
    pub(crate) fn map<T: Send>(
        &self,
        count: usize,
        job: impl Fn(usize) -> Result<T, TrainError> + Sync,
    ) -> Result<Vec<T>, TrainError> {
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let done = Mutex::new(Vec::with_capacity(count));
        std::thread::scope(|scope| {
            for pool in self.pools.iter().take(count) {
                let (next, failed, done, job) = (&next, &failed, &done, &job);
                scope.spawn(move || {
                    pool.install(|| {
                        while !failed.load(Ordering::Relaxed) {
                            let index = next.fetch_add(1, Ordering::Relaxed);
                            if index >= count {
                                break;
                            }
                            let result = job(index);
                            failed.fetch_or(result.is_err(), Ordering::Relaxed);
                            // Poisoned only if another worker panicked, which the scope passes on anyway.
                            if let Ok(mut done) = done.lock() {
                                done.push((index, result));
                            }
                        }
                    });
                });
            }
        });
        let mut done = done.into_inner().map_err(|_| TrainError::Worker("a worker panicked".to_owned()))?;
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, result)| result).collect()
    }

    /// Runs something on the first worker.
    pub(crate) fn alone<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self.pools.first() {
            Some(pool) => pool.install(work),
            None => work(),
        }
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
    fn the_first_error_is_returned() {
        let result = Workers::new(2)
            .unwrap()
            .map(10, |index| if index >= 3 { Err(TrainError::Worker(format!("job {index}"))) } else { Ok(()) });
        assert_eq!(result.unwrap_err().to_string(), "a worker failed: job 3");
    }
}
