//! Walls that a test takes down to show that it would notice their absence.
//!
//! A close is kept right by three: the [fence](super::jobs::hold) on the job's token, the unique
//! keys of statements and their lines, and that each transaction looks at what is there before it
//! adds. A build for production has no switch for any of them.

/// What keeps a close right besides the unique keys, which a test drops by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wall {
    /// A worker that was overtaken is refused.
    Fence,
    /// What is stated already is not stated again.
    Look,
}

/// Whether a test has taken a wall down with `PERENNIAL_CONTROL=no-fence,no-look`; never, in a
/// build without debug assertions.
pub fn is_down(wall: Wall) -> bool {
    let name = match wall {
        Wall::Fence => "no-fence",
        Wall::Look => "no-look",
    };
    cfg!(debug_assertions)
        && std::env::var("PERENNIAL_CONTROL")
            .is_ok_and(|down| down.split(',').any(|one| one == name))
}
