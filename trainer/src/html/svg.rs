//! The few figures that the page needs, drawn as SVG.

use std::fmt::Write;

use super::escape;

/// Colours that are told apart also by people who see colours otherwise (Okabe & Ito 2008).
const COLOURS: [&str; 7] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999"];

/// Width of a figure, in pixels.
const WIDTH: f64 = 640.0;
const BAR: f64 = 18.0;
const LABEL: f64 = 210.0;
const BINS: usize = 32;

/// The colour of the nth series.
pub fn colour(at: usize) -> &'static str {
    COLOURS[at % COLOURS.len()]
}

/// Horizontal bars: name, parts one after the other, and a text behind.
pub fn bars(rows: &[(String, Vec<usize>, String)]) -> String {
    let most = rows.iter().map(|(_, parts, _)| parts.iter().sum::<usize>()).max().unwrap_or(0).max(1) as f64;
    let scale = (WIDTH - LABEL - 150.0) / most;
    let height = rows.len() as f64 * (BAR + 4.0);
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" role=\"img\">");
    for (at, (name, parts, text)) in rows.iter().enumerate() {
        let y = at as f64 * (BAR + 4.0);
        let line = y + 0.75 * BAR;
        let _ = write!(svg, "<text x=\"{}\" y=\"{line}\" text-anchor=\"end\">{}</text>", LABEL - 8.0, escape(name));
        let mut x = LABEL;
        for (part, count) in parts.iter().enumerate() {
            let width = *count as f64 * scale;
            let _ = write!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" fill=\"{}\"/>",
                colour(part)
            );
            x += width;
        }
        let _ = write!(svg, "<text x=\"{:.1}\" y=\"{line}\">{}</text>", x + 6.0, escape(text));
    }
    svg.push_str("</svg>");
    svg
}

/// A table of squares, darker for more; each with its number.
pub fn squares(names: &[&str], counts: &[Vec<usize>]) -> String {
    const SIDE: f64 = 46.0;
    // The diagonal is the label itself; what comes together is far less.
    let off = |a: usize, b: usize| if a == b { 0 } else { counts[a][b] };
    let size = names.len();
    let most = (0..size).flat_map(|a| (0..size).map(move |b| (a, b))).map(|(a, b)| off(a, b)).max().unwrap_or(0).max(1);
    let (width, height) = (LABEL + SIDE * size as f64, SIDE * size as f64);
    let mut svg = format!("<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\">");
    for (a, name) in names.iter().enumerate() {
        let y = a as f64 * SIDE;
        let middle = y + 0.6 * SIDE;
        let _ = write!(svg, "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>", LABEL - 8.0, escape(name));
        for b in 0..size {
            let x = LABEL + b as f64 * SIDE;
            let shade = off(a, b) as f64 / most as f64;
            let (fill, ink) = if a == b {
                ("#eee".to_owned(), "#666")
            } else {
                let level = |full: f64| (255.0 - shade * (255.0 - full)) as u8;
                (
                    format!("rgb({},{},{})", level(0.0), level(114.0), level(178.0)),
                    if shade > 0.5 { "#fff" } else { "#222" },
                )
            };
            let _ = write!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"{fill}\" stroke=\"#fff\"/>\
                 <text x=\"{}\" y=\"{middle}\" text-anchor=\"middle\" fill=\"{ink}\">{}</text>",
                x + SIDE / 2.0,
                counts[a][b]
            );
        }
    }
    svg.push_str("</svg>");
    svg
}

/// Outlines of histograms over one axis, each of its own height; `unit` names the axis.
pub fn histograms(series: &[(String, &[f64])], unit: &str) -> String {
    const HEIGHT: f64 = 150.0;
    let all = || series.iter().flat_map(|(_, values)| values.iter().copied());
    let (low, high) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    if !(low.is_finite() && high.is_finite()) {
        return String::new();
    }
    let span = (high - low).max(1e-9);
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {}\" width=\"{WIDTH}\" role=\"img\">", HEIGHT + 24.0);
    for (at, (name, values)) in series.iter().enumerate() {
        let mut bins = [0usize; BINS];
        for value in *values {
            bins[(((value - low) / span * BINS as f64) as usize).min(BINS - 1)] += 1;
        }
        let most = bins.iter().copied().max().unwrap_or(0).max(1) as f64;
        let step = WIDTH / BINS as f64;
        let mut points = format!("0,{HEIGHT}");
        for (bin, count) in bins.iter().enumerate() {
            let y = HEIGHT * (1.0 - *count as f64 / most);
            let _ = write!(points, " {:.1},{y:.1} {:.1},{y:.1}", bin as f64 * step, (bin + 1) as f64 * step);
        }
        let _ = write!(
            svg,
            "<polyline points=\"{points} {WIDTH},{HEIGHT}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\">\
             <title>{}</title></polyline>",
            colour(at),
            escape(name)
        );
    }
    let digits = if high > 10.0 { 0 } else { 2 };
    let _ = write!(
        svg,
        "<text x=\"0\" y=\"{0}\">{low:.digits$}</text><text x=\"{1}\" y=\"{0}\" text-anchor=\"middle\">{2}</text>\
         <text x=\"{WIDTH}\" y=\"{0}\" text-anchor=\"end\">{high:.digits$}</text></svg>",
        HEIGHT + 18.0,
        WIDTH / 2.0,
        escape(unit)
    );
    svg
}

/// A curve in the unit square, its diagonal dashed, with one place marked.
pub fn square(points: &[(f64, f64)], mark: Option<(f64, f64)>, across: &str, up: &str) -> String {
    const SIDE: f64 = 240.0;
    const LEFT: f64 = 40.0;
    let place = |(x, y): (f64, f64)| (LEFT + SIDE * x, SIDE * (1.0 - y) + 6.0);
    let line: Vec<String> = points.iter().map(|point| place(*point)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let (x0, y0) = place((0.0, 0.0));
    let (x1, y1) = place((1.0, 1.0));
    let mut svg = format!(
        "<svg viewBox=\"0 0 {0} {1}\" width=\"{0}\" role=\"img\"><rect x=\"{x0}\" y=\"{y1}\" width=\"{SIDE}\" \
         height=\"{SIDE}\" fill=\"none\" stroke=\"#bbb\"/><line x1=\"{x0}\" y1=\"{y0}\" x2=\"{x1}\" y2=\"{y1}\" \
         stroke=\"#bbb\" stroke-dasharray=\"4\"/><polyline points=\"{2}\" fill=\"none\" stroke=\"{3}\" stroke-width=\"2\"/>",
        LEFT + SIDE + 10.0,
        SIDE + 30.0,
        line.join(" "),
        colour(0)
    );
    if let Some((x, y)) = mark.map(place) {
        let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{}\"/>", colour(5));
    }
    let _ = write!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
         <text transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">{}</text></svg>",
        LEFT + SIDE / 2.0,
        SIDE + 24.0,
        escape(across),
        SIDE / 2.0,
        escape(up)
    );
    svg
}

/// Curves over one axis and one scale; gaps where there is no point.
pub fn lines(series: &[Vec<(f64, f64)>], across: &str) -> String {
    const HEIGHT: f64 = 200.0;
    const LEFT: f64 = 56.0;
    let all = || series.iter().flatten();
    let range = |of: fn(&(f64, f64)) -> f64| {
        all().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
    };
    let ((left, right), (low, high)) = (range(|point| point.0), range(|point| point.1));
    if !(left.is_finite() && low.is_finite() && high.is_finite()) {
        return String::new();
    }
    let part = |value: f64, from: f64, to: f64| (value - from) / (to - from).max(1e-9);
    let place = |(x, y): (f64, f64)| {
        (LEFT + (WIDTH - LEFT - 8.0) * part(x, left, right), 8.0 + HEIGHT * (1.0 - part(y, low, high)))
    };
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {}\" width=\"{WIDTH}\" role=\"img\">", HEIGHT + 34.0);
    for (at, points) in series.iter().enumerate() {
        let places: Vec<(f64, f64)> = points.iter().map(|point| place(*point)).collect();
        let line: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\"/>",
            line.join(" "),
            colour(at)
        );
        // A single epoch is a dot, which a line would not show.
        for (x, y) in places {
            let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{}\"/>", colour(at));
        }
    }
    let bottom = HEIGHT + 28.0;
    let _ = write!(
        svg,
        "<text x=\"{0}\" y=\"14\" text-anchor=\"end\">{high:.3}</text><text x=\"{0}\" y=\"{1}\" text-anchor=\"end\">{low:.3}</text>\
         <text x=\"{LEFT}\" y=\"{bottom}\">{left:.0}</text><text x=\"{2}\" y=\"{bottom}\" text-anchor=\"end\">{right:.0}</text>\
         <text x=\"{3}\" y=\"{bottom}\" text-anchor=\"middle\">{4}</text></svg>",
        LEFT - 6.0,
        HEIGHT + 8.0,
        WIDTH - 8.0,
        WIDTH / 2.0,
        escape(across)
    );
    svg
}
