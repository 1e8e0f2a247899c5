//! Rehearsals: a hundred thousand random encounters in virtual time, with everything that goes wrong, and the rules of
//! the device checked after every event; and recorded encounters, replayed.
//!
//! ```text
//!   operator ──┐                      ┌── camera, judge, store, PIN ── late, never, twice, failing ──┐
//!   battery ───┼─► Station, Encounter ┼── ledger of light                                            │
//!   clock ─────┘         ▲            └── lamp: the guard alone, or client + simulated controller ───┤
//!                        └────────────────────────────── answers ◄───────────────────────────────────┘
//!   watching: the rules (`rules.rs`), with the truth of each photograph, the disk, and an account of the light
//! ```
//!
//! One number, the *seed*, decides a run. Where a rule is broken the seed and the run's last events are printed;
//! `REHEARSAL_SEED=n` lives that run alone and prints all of it, with `REHEARSAL_SABOTAGE=LampIgnoresOff` one that is spoilt.
//! `REHEARSAL_COUNT=n` lives more of them, or fewer.
//!
//! Terms: a *run* is one device from its start to its end, with one patient or several; *calm* is the end of each run, where
//! everything works again and a way out must be found; a *sabotage* is a fault of the harness itself, made on purpose to see
//! that the rules notice.
//!
//! Not here: pixels, the network, files, threads, the drawing of screens: `tests/system/` has those.

mod account;
mod bench;
mod carry;
mod checks;
mod coverage;
mod dice;
mod disk;
mod ending;
mod given;
mod happen;
mod judge;
mod lamp;
mod operator;
mod queue;
mod replay;
mod rules;
mod sabotage;
mod shell;
mod world;

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use coverage::Coverage;
use rules::Broken;
use sabotage::Sabotage;
use world::{Run, Script, rehearse};

/// Encounters that are lived at least.
const ENCOUNTERS: u64 = 100_000;
/// Runs; each has more than two encounters on average.
const RUNS: u64 = 50_000;
/// Every so many run has the real client and the simulated controller.
const BENCH_EVERY: u64 = 20;
/// Every place must be reached so often.
const REACHED: u64 = 100;
/// What is shown of a run that broke a rule.
const LAST: usize = 60;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: expected a number, found {text}")))
}

fn script(seed: u64) -> Script {
    Script { seed, bench: seed.is_multiple_of(BENCH_EVERY), sabotage: None, traced: false }
}

/// The sabotage of that name.
fn sabotage(name: &str) -> Sabotage {
    let known = || Sabotage::ALL.into_iter().map(|(sabotage, _)| sabotage);
    let names = || known().map(|sabotage| format!("{sabotage:?}")).collect::<Vec<_>>().join(", ");
    known().find(|sabotage| format!("{sabotage:?}") == name).unwrap_or_else(|| panic!("{name}: expected {}", names()))
}

/// Lives runs on all cores; the broken one with the smallest number, if there is one.
fn rehearse_all(runs: u64) -> (Coverage, Option<(u64, Broken)>) {
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let next = AtomicU64::new(0);
    let part = || {
        let mut coverage = Coverage::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= runs {
                return (coverage, None);
            }
            let run = rehearse(script(seed));
            coverage.add(&run.coverage);
            if let Some(broken) = run.broken {
                // The others need not go on.
                next.store(runs, Ordering::Relaxed);
                return (coverage, Some((seed, broken)));
            }
        }
    };
    let parts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(part)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a run does not panic")).collect()
    });
    let mut coverage = Coverage::default();
    parts.iter().for_each(|(part, _)| coverage.add(part));
    let broken = parts.into_iter().filter_map(|(_, broken)| broken).min_by_key(|(seed, _)| *seed);
    (coverage, broken)
}

/// The same run once more, written down.
fn told(script: Script) -> String {
    let Run { trace, broken, .. } = rehearse(Script { traced: true, ..script });
    let last = &trace[trace.len().saturating_sub(LAST)..];
    let broken = broken.map_or_else(|| "no rule was broken".to_owned(), |broken| broken.to_string());
    format!("{}\n{broken}\nseed {}: `REHEARSAL_SEED={}` lives it alone", last.join("\n"), script.seed, script.seed)
}

// verifies: RQ-110
#[test]
fn in_a_hundred_thousand_random_encounters_no_rule_is_broken() {
    if let Some(seed) = number("REHEARSAL_SEED") {
        let sabotage = env::var("REHEARSAL_SABOTAGE").ok().map(|name| sabotage(&name));
        let run = rehearse(Script { traced: true, sabotage, ..script(seed) });
        println!("{}", run.trace.join("\n"));
        assert_eq!(run.broken.map(|broken| broken.to_string()), None);
        return;
    }
    let start = Instant::now();
    let count = number("REHEARSAL_COUNT");
    let (coverage, broken) = rehearse_all(count.unwrap_or(RUNS));
    for (place, times) in coverage.places() {
        println!("{place:<40} {times}");
    }
    let Coverage { encounters, events, benches, .. } = coverage;
    println!("{encounters} encounters ({benches} runs with a line), {events} events, {:.1?}", start.elapsed());
    if let Some((seed, broken)) = broken {
        panic!("{broken}\n{}", told(script(seed)));
    }
    if count.is_none() {
        assert!(encounters >= ENCOUNTERS, "only {encounters} encounters: more runs are needed");
        let missed: Vec<_> = coverage.places().into_iter().filter(|(_, times)| *times < REACHED).collect();
        assert!(missed.is_empty(), "reached too rarely: {missed:?}");
    }
}

// verifies: RQ-110
#[test]
fn every_sabotage_is_noticed_by_the_rule_it_breaks() {
    for (sabotage, rules) in Sabotage::ALL {
        let found = (0..20_000).find_map(|seed| {
            let script = Script { sabotage: Some(sabotage), bench: false, ..script(seed) };
            rehearse(script).broken.map(|broken| (script, broken))
        });
        let (script, broken) = found.unwrap_or_else(|| panic!("{sabotage:?} was not noticed"));
        println!("{sabotage:?}: seed {}: {broken}", script.seed);
        assert!(rules.contains(&broken.rule), "{sabotage:?} was taken for {broken}\n{}", told(script));
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..60 {
        let run = || rehearse(Script { traced: true, ..script(seed) }).trace;
        assert_eq!(run(), run(), "seed {seed}");
    }
}
