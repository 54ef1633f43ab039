//! Partners: the register, their records, and the facts their stage rests on.
pub mod lifecycle;
pub mod partners;
pub mod register;
