//! What is said about many measurements of the same thing.

/// Measurements of one thing, sorted.
#[derive(Debug, Clone)]
pub struct Sample(Vec<f64>);

impl Sample {
    /// Sorts what was measured.
    ///
    /// # Panics
    ///
    /// If there is nothing to say anything about.
    pub fn new(mut values: Vec<f64>) -> Self {
        assert!(!values.is_empty(), "nothing was measured");
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The smallest measurement that at least `percent` of all do not exceed
    /// (nearest rank; 0 is the least, 100 the most).
    pub fn percentile(&self, percent: f64) -> f64 {
        let count = self.0.len() as f64;
        let rank = (percent / 100.0 * count).ceil().clamp(1.0, count);
        self.0[rank as usize - 1]
    }

    /// Half do not exceed it.
    pub fn p50(&self) -> f64 {
        self.percentile(50.0)
    }

    /// One in a hundred exceeds it.
    pub fn p99(&self) -> f64 {
        self.percentile(99.0)
    }

    /// The largest.
    pub fn most(&self) -> f64 {
        self.percentile(100.0)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks_of_what_was_measured() {
        let hundred = Sample::new((1..=100).rev().map(f64::from).collect());
        assert_eq!((hundred.p50(), hundred.p99(), hundred.most()), (50.0, 99.0, 100.0));
        assert_eq!((hundred.percentile(0.0), hundred.percentile(0.5)), (1.0, 1.0));
        assert_eq!((hundred.percentile(50.1), hundred.percentile(99.1)), (51.0, 100.0));
        assert_eq!(hundred.count(), 100);
    }

    #[test]
    fn a_few_measurements_are_enough() {
        let three = Sample::new(vec![9.0, 1.0, 4.0]);
        assert_eq!((three.p50(), three.p99()), (4.0, 9.0));
        let even = Sample::new(vec![2.0, 1.0]);
        assert_eq!((even.p50(), even.p99()), (1.0, 2.0), "never between two");
        assert_eq!(Sample::new(vec![7.0]).p50(), 7.0);
    }

    #[test]
    #[should_panic(expected = "nothing was measured")]
    fn nothing_has_no_percentiles() {
        Sample::new(Vec::new());
    }
}
