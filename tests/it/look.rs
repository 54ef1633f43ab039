//! The look, as far as arithmetic and reading can check it: contrast of every pair of tokens that
//! meet on a page, no colour outside the tokens, and nothing in a template that the content
//! security policy would refuse.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Text on the grounds it is set on: 4.5 to 1 at least.
const TEXTS: [(&str, &[&str]); 10] = [
    (
        "ink",
        &[
            "paper",
            "sheet",
            "wash",
            "accent-wash",
            "good-wash",
            "watch-wash",
            "bad-wash",
            "info-wash",
        ],
    ),
    (
        "ink-soft",
        &[
            "paper",
            "sheet",
            "wash",
            "accent-wash",
            "good-wash",
            "watch-wash",
            "bad-wash",
            "info-wash",
        ],
    ),
    (
        "accent",
        &[
            "paper",
            "sheet",
            "wash",
            "accent-wash",
            "good-wash",
            "watch-wash",
            "bad-wash",
            "info-wash",
        ],
    ),
    ("accent-deep", &["paper", "sheet", "wash", "accent-wash"]),
    ("accent-ink", &["accent", "accent-deep"]),
    ("good", &["paper", "sheet", "wash", "good-wash"]),
    ("watch", &["paper", "sheet", "wash", "watch-wash"]),
    ("bad", &["paper", "sheet", "wash", "bad-wash"]),
    ("info", &["paper", "sheet", "wash", "info-wash"]),
    ("sheet", &["bad", "ink"]),
];

/// Edges of controls, marks and focus rings beside their ground: 3 to 1 at least.
const EDGES: [(&str, &[&str]); 3] = [
    ("edge", &["paper", "sheet", "wash"]),
    ("accent", &["paper", "sheet", "accent-wash"]),
    ("bad", &["sheet", "bad-wash"]),
];

/// Lightness, chroma and hue in degrees.
#[derive(Debug, Clone, Copy)]
struct Oklch(f64, f64, f64);

impl Oklch {
    /// Linear light in the primaries of sRGB (Ottosson's matrices); outside 0 to 1 no screen shows it.
    fn linear(self) -> [f64; 3] {
        let Self(lightness, chroma, hue) = self;
        let (sin, cos) = hue.to_radians().sin_cos();
        let (a, b) = (chroma * cos, chroma * sin);
        let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
        [
            4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
            -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
            -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
        ]
    }

    /// What a screen of eight bits a channel makes of it, as relative luminance.
    fn luminance(self) -> f64 {
        let shown = self
            .linear()
            .map(|light| decoded((encoded(light) * 255.0).round() / 255.0));
        0.2126 * shown[0] + 0.7152 * shown[1] + 0.0722 * shown[2]
    }
}

fn encoded(light: f64) -> f64 {
    let light = light.clamp(0.0, 1.0);
    if light <= 0.003_130_8 {
        12.92 * light
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    }
}

fn decoded(value: f64) -> f64 {
    if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

fn contrast(one: Oklch, other: Oklch) -> f64 {
    let (a, b) = (one.luminance(), other.luminance());
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn oklch(text: &str) -> Oklch {
    let inner = text
        .trim()
        .strip_prefix("oklch(")
        .and_then(|rest| rest.strip_suffix(')'));
    let numbers: Vec<f64> = inner
        .expect("a token is an oklch colour")
        .split_whitespace()
        .map(|n| n.parse().expect("a number"))
        .collect();
    Oklch(numbers[0], numbers[1], numbers[2])
}

/// Every colour token: its name, its light value, its dark value.
fn tokens() -> BTreeMap<String, (Oklch, Oklch)> {
    let css = fs::read_to_string(root().join("static/css/10-tokens.css")).expect("the tokens");
    css.lines()
        .filter_map(|line| {
            let (name, value) = line.trim().strip_prefix("--")?.split_once(": ")?;
            let pair = value.strip_prefix("light-dark(")?.strip_suffix(");")?;
            let (light, dark) = pair.split_once("), ")?;
            Some((name.to_owned(), (oklch(&format!("{light})")), oklch(dark))))
        })
        .collect()
}

/// Every file below a folder with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn too_faint(pairs: &[(&str, &[&str])], least: f64) -> Vec<String> {
    let tokens = tokens();
    let mut faint = Vec::new();
    for (front, grounds) in pairs {
        for ground in *grounds {
            let (front_light, front_dark) = tokens[*front];
            let (ground_light, ground_dark) = tokens[*ground];
            for (theme, ratio) in [
                ("light", contrast(front_light, ground_light)),
                ("dark", contrast(front_dark, ground_dark)),
            ] {
                if ratio < least {
                    faint.push(format!("{front} on {ground}, {theme}: {ratio:.2}"));
                }
            }
        }
    }
    faint
}

#[test]
fn text_reads_on_every_ground_it_is_set_on() {
    assert_eq!(too_faint(&TEXTS, 4.5), Vec::<String>::new());
}

#[test]
fn controls_and_focus_rings_stand_out_from_their_ground() {
    assert_eq!(too_faint(&EDGES, 3.0), Vec::<String>::new());
}

#[test]
fn the_arithmetic_agrees_with_the_known_ends() {
    let (black, white) = (Oklch(0.0, 0.0, 0.0), Oklch(1.0, 0.0, 0.0));
    assert!((contrast(black, white) - 21.0).abs() < 0.01);
    assert!(contrast(white, white) < 1.01);
    let grey = Oklch(0.5999, 0.0, 0.0).luminance();
    assert!(
        (grey - 0.2159).abs() < 0.002,
        "the middle grey #808080 has luminance 0.2159, not {grey}"
    );
}

#[test]
fn every_token_can_be_shown_in_srgb_and_is_judged() {
    for (name, (light, dark)) in tokens() {
        for colour in [light, dark] {
            let inside = colour
                .linear()
                .iter()
                .all(|light| (-0.002..=1.002).contains(light));
            assert!(inside, "{name} lies outside sRGB: {colour:?}");
        }
        let judged = TEXTS
            .iter()
            .chain(&EDGES)
            .any(|(front, grounds)| *front == name || grounds.contains(&&*name));
        // A rule only parts; no meaning hangs on seeing it.
        assert!(judged || name == "rule", "{name} is on no list of pairs");
    }
}

#[test]
fn colours_stand_in_the_tokens_only() {
    for path in files(&root().join("static/css"), "css") {
        if path.ends_with("10-tokens.css") {
            continue;
        }
        let css = fs::read_to_string(&path).expect("a style sheet");
        for word in ["oklch(", "rgb(", "hsl(", ": #", " #0", "@import", "url("] {
            assert!(!css.contains(word), "{} contains {word}", path.display());
        }
    }
}

#[test]
fn every_custom_property_used_is_declared() {
    let all: String = files(&root().join("static/css"), "css")
        .iter()
        .map(|path| fs::read_to_string(path).expect("a style sheet"))
        .collect();
    for rest in all.split("var(--").skip(1) {
        let name = rest.split([')', ',']).next().unwrap_or_default();
        assert!(
            all.contains(&format!("--{name}:")),
            "--{name} is used and never declared"
        );
    }
    assert!(
        all.len() < 60_000,
        "the style sheet has grown to {} bytes",
        all.len()
    );
}

#[test]
fn no_template_carries_style_or_script() {
    // Letters are read in mail programs, which know no style sheet.
    let letters = root().join("templates/mail");
    for path in files(&root().join("templates"), "html") {
        if path.starts_with(&letters) {
            continue;
        }
        let html = fs::read_to_string(&path)
            .expect("a template")
            .to_lowercase();
        for word in ["style=", "<style", "<script", "javascript:"] {
            assert!(!html.contains(word), "{} contains {word}", path.display());
        }
        assert_eq!(
            handlers(&html),
            Vec::<&str>::new(),
            "{} handles events inline",
            path.display()
        );
    }
}

/// Attributes such as onclick="…": a space, "on", letters, an equals sign.
fn handlers(html: &str) -> Vec<&str> {
    html.match_indices(|c: char| c.is_whitespace())
        .filter_map(|(at, space)| {
            let rest = html[at + space.len()..].strip_prefix("on")?;
            let end = rest.find(|c: char| !c.is_ascii_alphabetic())?;
            (end > 0 && rest[end..].starts_with('=')).then_some(&rest[..end])
        })
        .collect()
}

#[test]
fn the_icons_that_templates_name_are_in_the_sprite() {
    let sprite = fs::read_to_string(root().join("static/icons/sprite.svg")).expect("the sprite");
    for path in files(&root().join("templates"), "html") {
        let html = fs::read_to_string(&path).expect("a template");
        for rest in html.split("icons }}#").skip(1) {
            let name = rest.split('"').next().unwrap_or_default();
            let known = name.starts_with("{{") || sprite.contains(&format!("id=\"{name}\""));
            assert!(known, "{} asks for the icon {name}", path.display());
        }
    }
}
