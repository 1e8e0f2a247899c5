//! Columns of numbers brought to mean 0 and spread 1.

/// Spread of a column that counts at least: a channel that is always off says nothing, and must not say much on a new
/// photograph either.
const SPREAD_MIN: f64 = 1e-3;

/// Mean and spread of each column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standard {
    pub(super) mean: Vec<f64>,
    pub(super) spread: Vec<f64>,
}

impl Standard {
    /// Of rows of one length; none where there is none.
    pub(super) fn of(rows: &[&[f64]]) -> Option<Self> {
        let (count, width) = (rows.len() as f64, rows.first()?.len());
        let mean: Vec<f64> = (0..width).map(|at| rows.iter().map(|row| row[at]).sum::<f64>() / count).collect();
        let spread = (0..width).map(|at| {
            let variance = rows.iter().map(|row| (row[at] - mean[at]).powi(2)).sum::<f64>() / count;
            variance.sqrt().max(SPREAD_MIN)
        });
        Some(Self { spread: spread.collect(), mean })
    }

    /// A row, brought to that.
    pub(super) fn apply(&self, row: &[f64]) -> Vec<f64> {
        row.iter().zip(&self.mean).zip(&self.spread).map(|((value, mean), spread)| (value - mean) / spread).collect()
    }
}
