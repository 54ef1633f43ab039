//! Texts that nobody would type, and texts that nearly are what they should be.
use proptest::prelude::*;

/// What slips into a text: signs that mean something, and signs that only look like it.
const ODD: &[&str] = &[
    "",
    "-",
    "+",
    ".",
    ",",
    "\u{0}",
    " ",
    "\t",
    "\r\n",
    "\n",
    "\"",
    "'",
    ";",
    "%",
    "/",
    "\\",
    "_",
    "@",
    "e",
    "E",
    "0",
    "00000000",
    "9",
    "99999999999999999999",
    "\u{a0}",
    "\u{2212}",
    "\u{663}",
    "\u{bd}",
    "\u{202e}",
    "\u{feff}",
    "\u{fffd}",
    "\u{e9}",
    "e\u{301}",
    "\u{130}",
    "\u{1f600}",
    "=1+1",
    "<b>",
];

/// Anything at all.
pub fn anything() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "[0-9.,+-]{0,24}",
        prop::collection::vec(prop::sample::select(ODD), 0..8).prop_map(|parts| parts.concat()),
        prop::collection::vec(any::<u8>(), 0..60)
            .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    ]
}

/// A good text after a few accidents: something put in, left out, doubled or cut off.
pub fn mutated(good: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let accident = (
        any::<prop::sample::Index>(),
        0usize..5,
        prop::sample::select(ODD),
    );
    (good, prop::collection::vec(accident, 0..4)).prop_map(|(good, accidents)| {
        accidents.into_iter().fold(good, |text, (at, what, odd)| {
            let chars: Vec<char> = text.chars().collect();
            let at = at.index(chars.len() + 1);
            let (before, after) = chars.split_at(at);
            let before: String = before.iter().collect();
            let after: String = after.iter().collect();
            let rest: String = after.chars().skip(1).collect();
            match what {
                0 => format!("{before}{odd}{after}"),
                1 => format!("{before}{rest}"),
                2 => format!("{before}{odd}{rest}"),
                3 => format!("{before}{after}{after}"),
                _ => before,
            }
        })
    })
}

/// One of some good texts, or nearly, or anything.
pub fn nearly(good: &'static [&'static str]) -> impl Strategy<Value = String> {
    let good = prop::sample::select(good).prop_map(str::to_owned);
    prop_oneof![3 => mutated(good), 1 => anything()]
}
