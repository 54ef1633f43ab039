//! Chance that is the same on every run: splitmix64 on integers.

/// A stream of numbers that its seed decides.
pub struct Chance(u64);

impl Chance {
    /// The stream of a name.
    pub fn of(name: &str) -> Self {
        // FNV-1a: any spread of names over seeds will do.
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed)
    }
    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let span = u64::from(high.saturating_sub(low)) + 1;
        low + u32::try_from(mixed % span).unwrap_or_default()
    }
}
