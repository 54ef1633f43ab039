//! Charts as shapes with attributes and classes alone, drawn on the server. Each is drawn twice, for
//! a wide page and a narrow one, so that its words keep their size; the page shows one of them. The
//! numbers always stand in a table beside it.

/// A chart in both widths.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Names its elements: unlike any other chart's on the page.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// What is to be seen, in a sentence.
    pub about: String,
    /// Names and classes of what is drawn, in order.
    pub legend: Vec<(String, &'static str)>,
    /// Wide, then narrow.
    pub plots: Vec<Plot>,
}

/// One drawing.
#[derive(Debug, Clone)]
pub struct Plot {
    /// "wide" or "narrow".
    pub size: &'static str,
    /// Its width in units.
    pub width: i64,
    /// Its height in units.
    pub height: i64,
    /// Horizontal rules: their height, whether it is the axis.
    pub rules: Vec<(i64, bool)>,
    /// Where the rules begin and end.
    pub span: (i64, i64),
    /// Bars.
    pub bars: Vec<Bar>,
    /// Lines.
    pub lines: Vec<Line>,
    /// Words.
    pub words: Vec<Word>,
}

/// A rectangle.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Its left edge.
    pub x: i64,
    /// Its top.
    pub y: i64,
    /// Its width.
    pub width: i64,
    /// Its height.
    pub height: i64,
    /// What it is.
    pub class: &'static str,
}

/// A line through points.
#[derive(Debug, Clone)]
pub struct Line {
    /// As "x,y x,y".
    pub points: String,
    /// What it is.
    pub class: &'static str,
}

/// A label.
#[derive(Debug, Clone)]
pub struct Word {
    /// Where it stands.
    pub x: i64,
    /// Its base line.
    pub y: i64,
    /// "start", "middle" or "end".
    pub anchor: &'static str,
    /// What it says.
    pub text: String,
}

/// What a chart says about itself.
#[derive(Debug, Clone)]
pub struct Caption {
    /// Names its elements.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// What is to be seen.
    pub about: String,
}

/// Some values over the same labels, by name; `None` is a gap.
#[derive(Debug, Clone)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// How it is drawn.
    pub class: &'static str,
    /// A value for each label.
    pub values: Vec<Option<i64>>,
}

/// How series are drawn apart, in order.
pub const CLASSES: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

const HEIGHT: i64 = 240;
const TOP: i64 = 12;
const FOOT: i64 = 26;
/// Room for one letter of a label, and beside the longest.
const LETTER: i64 = 8;
const GAP: i64 = 12;
const SIZES: [(&str, i64, i64); 2] = [("wide", 860, 68), ("narrow", 330, 56)];

/// Bars that stand on each other: values above zero up, below zero down.
pub fn stacked(
    caption: Caption,
    labels: &[String],
    series: &[Series],
    say: impl Fn(i64) -> String,
) -> Chart {
    let sums = |is_up: bool| {
        let at = |index: usize| -> i128 {
            let values = series.iter().filter_map(|one| one.values.get(index));
            let values = values.filter_map(|value| value.filter(|value| (*value > 0) == is_up));
            values.map(i128::from).sum()
        };
        (0..labels.len()).map(at).collect::<Vec<i128>>()
    };
    let (up, down) = (sums(true), sums(false));
    let highest = up.iter().copied().max().unwrap_or_default();
    let lowest = down.iter().copied().min().unwrap_or_default();
    let scale = Scale::over(lowest, highest);
    let plots = SIZES.map(|(size, width, left)| {
        let left = left.max(scale.room(&say));
        let mut plot = scale.plot((size, width, left), labels, &say);
        let step = plot.step(labels.len(), left);
        for index in 0..labels.len() {
            plot.stack(&scale, (left, step, index), series);
        }
        plot
    });
    chart(caption, series, plots)
}

/// Lines over the same labels.
pub fn lines(
    caption: Caption,
    labels: &[String],
    series: &[Series],
    say: impl Fn(i64) -> String,
) -> Chart {
    let values = || series.iter().flat_map(|one| one.values.iter().flatten());
    let highest = values().copied().max().unwrap_or_default();
    let lowest = values().copied().min().unwrap_or_default();
    let scale = Scale::over(i128::from(lowest.min(0)), i128::from(highest.max(0)));
    let plots = SIZES.map(|(size, width, left)| {
        let left = left.max(scale.room(&say));
        let mut plot = scale.plot((size, width, left), labels, &say);
        let step = plot.step(labels.len(), left);
        for one in series {
            plot.line(&scale, (left, step), one);
        }
        plot
    });
    chart(caption, series, plots)
}

fn chart(caption: Caption, series: &[Series], plots: [Plot; 2]) -> Chart {
    let legend = series.iter().map(|one| (one.name.clone(), one.class));
    Chart {
        id: caption.id,
        title: caption.title,
        about: caption.about,
        legend: legend.collect(),
        plots: plots.into(),
    }
}

/// From values to heights: round steps, the axis at zero.
struct Scale {
    low: i128,
    high: i128,
    step: i128,
}

impl Scale {
    fn over(low: i128, high: i128) -> Self {
        let step = round_step((high - low).max(1));
        let down = |value: i128| value.div_euclid(step) * step;
        Self {
            low: down(low),
            high: -down(-high.max(low + 1)),
            step,
        }
    }

    fn y(&self, value: i128) -> i64 {
        let room = i128::from(HEIGHT - TOP - FOOT);
        let down = (self.high - value) * room / (self.high - self.low).max(1);
        TOP + i64::try_from(down).unwrap_or_default()
    }

    /// The values of the rules.
    fn rules(&self) -> impl Iterator<Item = i128> {
        let (high, step) = (self.high, self.step);
        let next = move |value: &i128| Some(value + step).filter(|value| *value <= high);
        std::iter::successors(Some(self.low), next)
    }

    /// What the longest label of a rule takes beside the plot.
    fn room(&self, say: &impl Fn(i64) -> String) -> i64 {
        let length = |value| {
            say(i64::try_from(value).unwrap_or_default())
                .chars()
                .count()
        };
        let longest = self.rules().map(length).max().unwrap_or_default();
        i64::try_from(longest).unwrap_or_default() * LETTER + GAP
    }

    fn plot(
        &self,
        (size, width, left): (&'static str, i64, i64),
        labels: &[String],
        say: &impl Fn(i64) -> String,
    ) -> Plot {
        let mut plot = Plot {
            size,
            width,
            height: HEIGHT,
            rules: Vec::new(),
            span: (left, width - 4),
            bars: Vec::new(),
            lines: Vec::new(),
            words: Vec::new(),
        };
        for value in self.rules() {
            let y = self.y(value);
            plot.rules.push((y, value == 0));
            plot.words.push(Word {
                x: left - 8,
                y: y + 4,
                anchor: "end",
                text: say(i64::try_from(value).unwrap_or_default()),
            });
        }
        let step = plot.step(labels.len(), left);
        // Labels that would touch each other are left out.
        let every = (58 / step.max(1)) + 1;
        for (index, label) in (0..).zip(labels) {
            if index % every == 0 {
                plot.words.push(Word {
                    x: left + step * index + step / 2,
                    y: HEIGHT - 8,
                    anchor: "middle",
                    text: label.clone(),
                });
            }
        }
        plot
    }
}

/// A step of 1, 2 or 5 times a power of ten that parts a range into at most six.
fn round_step(range: i128) -> i128 {
    let mut power: i128 = 1;
    loop {
        for times in [1, 2, 5] {
            let step = times * power;
            if range <= step * 5 {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

impl Plot {
    fn step(&self, count: usize, left: i64) -> i64 {
        let count = i64::try_from(count).unwrap_or(i64::MAX).max(1);
        (self.width - 4 - left) / count
    }

    fn stack(&mut self, scale: &Scale, (left, step, index): (i64, i64, usize), series: &[Series]) {
        let (mut above, mut below) = (0_i128, 0_i128);
        let place = i64::try_from(index).unwrap_or_default();
        let width = (step * 6 / 10).max(2);
        for one in series {
            let Some(value) = one.values.get(index).copied().flatten() else {
                continue;
            };
            let base = if value > 0 { &mut above } else { &mut below };
            let from = *base;
            *base += i128::from(value);
            let (one_end, other_end) = (scale.y(from), scale.y(*base));
            let height = (one_end - other_end).abs();
            if height > 0 {
                self.bars.push(Bar {
                    x: left + step * place + (step - width) / 2,
                    y: one_end.min(other_end),
                    width,
                    height,
                    class: one.class,
                });
            }
        }
    }

    fn line(&mut self, scale: &Scale, (left, step): (i64, i64), one: &Series) {
        let mut points = Vec::new();
        for (place, value) in (0..).zip(&one.values) {
            match value {
                Some(value) => {
                    let x = left + step * place + step / 2;
                    points.push(format!("{x},{}", scale.y(i128::from(*value))));
                }
                None => self.push_line(&mut points, one.class),
            }
        }
        self.push_line(&mut points, one.class);
    }

    fn push_line(&mut self, points: &mut Vec<String>, class: &'static str) {
        let points = std::mem::take(points);
        if points.len() > 1 {
            let points = points.join(" ");
            self.lines.push(Line { points, class });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caption() -> Caption {
        Caption {
            id: "a",
            title: "T".to_owned(),
            about: "A.".to_owned(),
        }
    }

    fn series(values: &[i64]) -> Series {
        Series {
            name: "S".to_owned(),
            class: "one",
            values: values.iter().map(|value| Some(*value)).collect(),
        }
    }

    #[test]
    fn bars_stand_on_each_other_and_hang_below_zero() {
        let labels = ["Jan".to_owned(), "Feb".to_owned()];
        let all = [series(&[100, 0]), series(&[300, -200])];
        let chart = stacked(caption(), &labels, &all, |value| value.to_string());
        let plot = &chart.plots[0];
        assert_eq!(plot.bars.len(), 3);
        let axis = plot.rules.iter().find(|(_, is_axis)| *is_axis).unwrap().0;
        let [low, high, hanging] = [0, 1, 2].map(|at| &plot.bars[at]);
        assert_eq!(low.y + low.height, axis);
        assert_eq!(high.y + high.height, low.y);
        assert_eq!(hanging.y, axis);
        assert!(high.height >= low.height * 3 - 3);
    }

    #[test]
    fn steps_are_round_and_few() {
        assert_eq!([1, 5, 6, 11, 26, 51].map(round_step), [1, 1, 2, 5, 10, 20]);
        for high in [0, 1, 7, 12_345, i64::MAX] {
            let chart = lines(caption(), &["x".to_owned()], &[series(&[high])], |v| {
                v.to_string()
            });
            let rules = &chart.plots[1].rules;
            assert!((2..=8).contains(&rules.len()), "{high}: {rules:?}");
            assert!(rules.iter().all(|(y, _)| (TOP..=HEIGHT - FOOT).contains(y)));
        }
    }

    #[test]
    fn every_label_has_room_beside_the_plot() {
        let labels = ["Jan".to_owned()];
        for value in [7, -3_000, 500_000_000, -40_000_000_000] {
            let chart = lines(caption(), &labels, &[series(&[value])], |v| v.to_string());
            for plot in &chart.plots {
                let of_rules = plot.words.iter().filter(|word| word.anchor == "end");
                for word in of_rules {
                    let letters = i64::try_from(word.text.chars().count()).unwrap();
                    assert!(word.x >= letters * 8, "{}: {word:?}", plot.size);
                    assert!(word.x < plot.span.0 && plot.span.0 < plot.width / 2);
                }
            }
        }
    }

    #[test]
    fn a_gap_parts_a_line() {
        let gap = Series {
            values: vec![Some(1), Some(2), None, Some(3), Some(4), None, Some(5)],
            ..series(&[])
        };
        let labels: Vec<String> = (0..7).map(|n| n.to_string()).collect();
        let chart = lines(caption(), &labels, &[gap], |value| value.to_string());
        assert_eq!(chart.plots[0].lines.len(), 2);
    }
}
