//! Who belongs to a workspace, who is asked to, and how the vendor has set itself up.
pub mod access_tokens;
pub mod invitations;
pub mod people;
pub mod vendor;
pub mod vendor_edit;

pub use people::People;
