//! Partners: the register, their records, and the facts their stage rests on.
pub mod board;
pub mod lifecycle;
pub mod own;
pub mod partners;
pub mod register;
