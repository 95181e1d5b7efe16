//! Bars as SVG inside the page: no script, no style sheet of their own, no font.

use std::fmt::Write;

use crate::text::{escaped, figure};

const WIDTH: f64 = 860.0;
const LABEL: f64 = 230.0;
const VALUE: f64 = 110.0;
const ROW: f64 = 26.0;
const TOP: f64 = 14.0;

/// One bar.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    /// What it is of.
    pub(super) label: String,
    /// How long it is.
    pub(super) value: f64,
    /// A mark on the same scale, such as the baseline.
    pub(super) mark: Option<f64>,
    /// Stands out.
    pub(super) strong: bool,
}

/// The bars below each other, all on one scale from zero; empty without bars.
pub(super) fn bars(title: &str, unit: &str, bars: &[Bar]) -> String {
    if bars.is_empty() {
        return String::new();
    }
    let most = bars
        .iter()
        .flat_map(|bar| [Some(bar.value), bar.mark])
        .flatten()
        .fold(0.0_f64, f64::max)
        .max(f64::MIN_POSITIVE);
    let length = |value: f64| (value.max(0.0) / most) * (WIDTH - LABEL - VALUE);
    let height = TOP + ROW * bars.len() as f64 + 8.0;
    let mut out = format!(
        r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" font-family="Helvetica, Arial, sans-serif" font-size="13"><title>{}</title>"#,
        escaped(title)
    );
    for (index, bar) in bars.iter().enumerate() {
        let top = TOP + ROW * index as f64;
        let middle = top + ROW / 2.0 + 1.0;
        let colour = if bar.strong { "#0072b2" } else { "#9fb8c8" };
        let long = length(bar.value);
        let _ = write!(
            out,
            r##"<text x="{:.1}" y="{middle:.1}" text-anchor="end" fill="#222222">{}</text><rect x="{LABEL}" y="{:.1}" width="{:.1}" height="{:.1}" fill="{colour}"/>"##,
            LABEL - 8.0,
            escaped(&shortened(&bar.label)),
            top + 3.0,
            long.max(1.0),
            ROW - 8.0,
        );
        let mut end = LABEL + long;
        if let Some(mark) = bar.mark {
            let at = LABEL + length(mark);
            if at < end + VALUE {
                end = end.max(at);
            }
            let _ = write!(
                out,
                r##"<rect x="{:.1}" y="{:.1}" width="3" height="{:.1}" fill="#d55e00"/>"##,
                at - 1.5,
                top,
                ROW - 2.0,
            );
        }
        let _ = write!(
            out,
            r##"<text x="{:.1}" y="{middle:.1}" fill="#444444">{} {unit}</text>"##,
            end + 6.0,
            figure(bar.value),
        );
    }
    out.push_str("</svg>");
    out
}

/// A label that fits before its bar; its end tells runs of one training apart.
fn shortened(label: &str) -> String {
    const MOST: usize = 32;
    let characters: Vec<char> = label.chars().collect();
    if characters.len() <= MOST {
        return label.to_owned();
    }
    let (head, tail) = (&characters[..18], &characters[characters.len() - 12..]);
    format!(
        "{}…{}",
        head.iter().collect::<String>(),
        tail.iter().collect::<String>()
    )
}
