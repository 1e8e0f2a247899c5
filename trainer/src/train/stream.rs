//! Random choices of a run, each a pure function of (seed, epoch, index): the order of the photographs and the view
//! each is seen in. Nothing depends on threads, and a resumed run draws the same.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::features::View;

/// What a stream is drawn for; keeps streams of the same epoch apart.
#[derive(Clone, Copy)]
enum Purpose {
    Order = 0,
    View = 1,
    Mix = 2,
}

fn stream(seed: u64, epoch: usize, purpose: Purpose) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(epoch as u64 * 4 + purpose as u64);
    rng
}

/// The order in which an epoch sees `count` photographs: a permutation (Fisher-Yates).
pub fn order(seed: u64, epoch: usize, count: usize) -> Vec<usize> {
    let mut rng = stream(seed, epoch, Purpose::Order);
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, rng.random_range(0..=last));
    }
    order
}

/// The view of photograph `index` in an epoch, one of `views`.
pub fn view(seed: u64, epoch: usize, index: usize, views: u32) -> View {
    let mut rng = stream(seed, epoch, Purpose::View);
    // One 64-byte block of the cipher (16 words) an index.
    rng.set_word_pos(index as u128 * 16);
    View(rng.random_range(0..views.max(1)))
}

/// How much of photograph `index` is kept when it is mixed with another one in an epoch: drawn from Beta(`alpha`,
/// `alpha`), `alpha` above 0 and at most 1 (Jöhnk 1964), and never less than half, so that it stays what it is called.
pub fn kept(seed: u64, epoch: usize, index: usize, alpha: f64) -> f64 {
    let mut rng = stream(seed, epoch, Purpose::Mix);
    // Far apart: a draw is rejected now and then, and a stream of its own never runs into the next.
    rng.set_word_pos((index as u128) << 16);
    loop {
        let [x, y] = std::array::from_fn(|_| rng.random_range(0.0_f64..1.0).powf(alpha.recip()));
        let sum = x + y;
        if sum > 0.0 && sum <= 1.0 {
            return (x / sum).max(y / sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_sees_every_photograph_once_and_each_epoch_in_its_own_order() {
        let first = order(1, 0, 100);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_eq!(first, order(1, 0, 100));
        assert_ne!(first, order(1, 1, 100));
        assert_ne!(first, order(2, 0, 100));
        assert!(order(1, 0, 0).is_empty());
    }

    #[test]
    fn at_least_half_is_kept_and_more_the_smaller_alpha_is() {
        let mean = |alpha| (0..2000).map(|index| kept(1, 2, index, alpha)).sum::<f64>() / 2000.0;
        assert!((0..2000).all(|index| (0.5..=1.0).contains(&kept(1, 2, index, 0.3))));
        // Beta(1, 1) is uniform: its larger half has the mean 0.75.
        assert!((mean(1.0) - 0.75).abs() < 0.01, "{}", mean(1.0));
        assert!(mean(0.2) > 0.85, "{}", mean(0.2));
        assert_eq!(kept(1, 2, 3, 0.4), kept(1, 2, 3, 0.4));
    }

    #[test]
    fn views_are_used_about_equally_and_drawn_by_index_alone() {
        let drawn: Vec<View> = (0..1000).map(|index| view(1, 3, index, 4)).collect();
        for number in 0..4 {
            let count = drawn.iter().filter(|view| view.0 == number).count();
            assert!((190..310).contains(&count), "view {number}: {count}");
        }
        assert_eq!(view(1, 3, 500, 4), drawn[500]);
    }
}
