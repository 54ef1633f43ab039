//! Closed sets of choices that are stored by a code and shown by a label.

/// A code that names none of the choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("This is not one of the choices.")]
pub struct UnknownCode;

/// An enum whose every variant has a stored code and a label to read. A code
/// given twice does not compile without a warning.
macro_rules! coded {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $code:literal, $label:literal;)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = $label] $variant),+ }

        impl $name {
            /// Every choice, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// How it is stored and spelled in files.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// How it is shown.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::coded::UnknownCode;

            /// Reads a stored code, exactly as [`code`](Self::code) spells it.
            fn from_str(code: &str) -> Result<Self, Self::Err> {
                match code {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::domain::coded::UnknownCode),
                }
            }
        }
    };
}

pub(super) use coded;

#[cfg(test)]
mod tests {
    use super::*;

    coded! {
        /// What may stand in a cup.
        Drink {
            Tea = "tea", "Tea";
            Water = "tap_water", "Water";
        }
    }

    #[test]
    fn every_code_reads_back_and_no_other_does() {
        for drink in Drink::ALL {
            assert_eq!(drink.code().parse(), Ok(*drink));
        }
        assert_eq!(Drink::Water.label(), "Water");
        assert_eq!("Tea".parse::<Drink>(), Err(UnknownCode));
    }
}
