//! A picture of a terminal.

use std::fmt::Write as _;

use crate::sanitize;
use crate::styled::{self, Line, Tone};

/// Width of a character of the font below at its size, in pixels.
const CELL_WIDTH: f64 = 8.4;
const LINE_HEIGHT: usize = 20;
const FONT_SIZE: usize = 14;
const MARGIN: usize = 20;
/// Height of the bar with the title.
const BAR: usize = 36;

/// The lines as an SVG that looks like a terminal's window. Colours follow the
/// reader's preference for light or dark.
pub fn terminal(title: &str, lines: &[Line]) -> String {
    let columns =
        lines.iter().map(Line::width).max().unwrap_or(0).max(styled::width(title) + 8).max(40);
    let width = (columns as f64 * CELL_WIDTH).ceil() as usize + 2 * MARGIN;
    let height = BAR + lines.len() * LINE_HEIGHT + MARGIN + MARGIN / 2;
    let mut out = head(title, lines, width, height);
    for (row, line) in lines.iter().enumerate() {
        let y = BAR + MARGIN / 2 + (row + 1) * LINE_HEIGHT - 5;
        let mut column = 0;
        for span in line.spans() {
            let columns = styled::width(span.text());
            if !span.text().trim().is_empty() {
                let x = MARGIN as f64 + column as f64 * CELL_WIDTH;
                let length = columns as f64 * CELL_WIDTH;
                // Writing to a String cannot fail.
                let _ = writeln!(
                    out,
                    r#"<text x="{x:.1}" y="{y}" textLength="{length:.1}"{} xml:space="preserve">{}</text>"#,
                    class(span.tone()),
                    sanitize::markup(span.text())
                );
            }
            column += columns;
        }
    }
    out.push_str("</svg>\n");
    out
}

fn head(title: &str, lines: &[Line], width: usize, height: usize) -> String {
    let title = sanitize::markup(title);
    let description = sanitize::markup(
        &lines.iter().map(|line| line.render(false)).collect::<Vec<_>>().join(" | "),
    );
    let middle = width / 2;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>{title}</title>
<desc>{description}</desc>
<style>
text {{ font: {FONT_SIZE}px ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #24292f; white-space: pre }}
.back {{ fill: #fbfbfa; stroke: #d5d5d2 }} .bar {{ fill: #ececea; stroke: #d5d5d2 }}
.strong {{ font-weight: 600 }} .good {{ fill: #1a7f37 }} .bad {{ fill: #cf222e; font-weight: 600 }} .warning {{ fill: #9a6700 }} .hint {{ fill: #0969a8 }} .faint {{ fill: #6e7781 }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #d7dce2 }} .back {{ fill: #16191d; stroke: #31363c }} .bar {{ fill: #22262b; stroke: #31363c }}
.good {{ fill: #4ac26b }} .bad {{ fill: #ff6b64 }} .warning {{ fill: #d4a72c }} .hint {{ fill: #58b4f0 }} .faint {{ fill: #8b949e }}
}}
</style>
<rect x="0.5" y="0.5" width="{rect_width}" height="{rect_height}" rx="9" class="back"/>
<path d="M0.5 {BAR}.5 V9.5 a9 9 0 0 1 9 -9 H{bar_right} a9 9 0 0 1 9 9 V{BAR}.5 Z" class="bar"/>
<circle cx="20" cy="18" r="5.5" fill="#ff5f57"/><circle cx="39" cy="18" r="5.5" fill="#febc2e"/><circle cx="58" cy="18" r="5.5" fill="#28c840"/>
<text x="{middle}" y="23" text-anchor="middle" class="faint">{title}</text>
"##,
        rect_width = width - 1,
        rect_height = height - 1,
        bar_right = width - 10,
    )
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Strong => r#" class="strong""#,
        Tone::Good => r#" class="good""#,
        Tone::Bad => r#" class="bad""#,
        Tone::Warning => r#" class="warning""#,
        Tone::Hint => r#" class="hint""#,
        Tone::Faint => r#" class="faint""#,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_two_lines() {
        let lines = [
            Line::new()
                .and(Tone::Good, "✓")
                .and(Tone::Plain, " dns  <b>&")
                .and(Tone::Faint, "  3.1 ms"),
            Line::new().and(Tone::Bad, "✗ tls\u{1b}[0m"),
        ];
        insta::assert_snapshot!(terminal("plumb check", &lines));
    }
}
