//! Random numbers that a seed gives again, for test data and never for secrets.

use std::hash::{BuildHasher as _, RandomState};

/// A seed that nobody chose.
pub(crate) fn any_seed() -> u64 {
    RandomState::new().hash_one(0)
}

/// SplitMix64: short, and known well enough that its numbers can be had
/// elsewhere.
#[derive(Debug)]
pub(crate) struct Generator(pub(crate) u64);

impl Generator {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `most`, each as likely: what is cut to as many bits, and thrown
    /// again where that is more.
    pub(crate) fn up_to(&mut self, most: u128) -> u128 {
        let mask = u128::MAX.checked_shr(most.leading_zeros()).unwrap_or(0);
        loop {
            let low = u128::from(self.next());
            let high = if mask >> 64 == 0 { 0 } else { u128::from(self.next()) };
            let thrown = (high << 64 | low) & mask;
            if thrown <= most {
                return thrown;
            }
        }
    }
}
