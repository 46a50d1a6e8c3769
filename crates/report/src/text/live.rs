//! The report as it happens, on a terminal.

use std::io::{self, Write};

use plumb_evidence::{Event, Purpose, Target, Verdict};

use super::hop::HopView;
use super::{Detail, Layout, event_line, hop_lines, verdict_lines};
use crate::styled::Line;

/// Erases from the cursor to the end of the line (ECMA-48 EL).
const ERASE_LINE: &str = "\u{1b}[K";

/// Shows a check while it runs: the lines of the current hop are written
/// again in place as its layers are passed; what is finished stays.
#[derive(Debug)]
pub struct Live<W: Write> {
    out: W,
    target: Target,
    layout: Layout,
    color: bool,
    events: Vec<Event>,
    /// The lines of the current hop as they stand on the terminal.
    shown: Vec<String>,
    /// The current hop.
    hop: u16,
}

impl<W: Write> Live<W> {
    /// A view of the check of `target` that writes to the terminal `out`.
    pub fn new(out: W, target: Target, layout: Layout, color: bool) -> Live<W> {
        Live { out, target, layout, color, events: Vec::new(), shown: Vec::new(), hop: 0 }
    }

    /// Shows what the event changes.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        self.events.push(event.clone());
        match self.layout.detail {
            Detail::Quiet => Ok(()),
            Detail::Verbose => {
                writeln!(self.out, "{}", event_line(event).render(self.color))?;
                self.out.flush()
            }
            // Probes change no line before the verdict does.
            Detail::Normal if event.purpose == Purpose::Aside => Ok(()),
            Detail::Normal => self.redraw(None),
        }
    }

    /// Marks what the verdict found and shows the verdict below.
    pub fn finish(mut self, verdict: &Verdict) -> io::Result<W> {
        match self.layout.detail {
            Detail::Quiet => {
                self.write(&super::report(&self.target, &self.events, verdict, &self.layout))?
            }
            Detail::Verbose => {
                let layout = Layout { detail: Detail::Normal, ..self.layout };
                self.write(&[Line::new()])?;
                self.write(&super::report(&self.target, &self.events, verdict, &layout))?;
            }
            Detail::Normal => {
                self.redraw(Some(verdict))?;
                self.write(&[Line::new()])?;
                self.write(&verdict_lines(&self.target, &self.events, verdict, &self.layout))?;
            }
        }
        self.out.flush()?;
        Ok(self.out)
    }

    /// Writes the lines of the current hop over those that stand there. When a
    /// new hop has begun, the lines of the old one are finished first.
    fn redraw(&mut self, verdict: Option<&Verdict>) -> io::Result<()> {
        let events = std::mem::take(&mut self.events);
        let result = self.redraw_hops(&events, verdict);
        self.events = events;
        result
    }

    fn redraw_hops(&mut self, events: &[Event], verdict: Option<&Verdict>) -> io::Result<()> {
        let hops = HopView::all(&self.target, events);
        for hop in hops.iter().skip(usize::from(self.hop)) {
            if hop.number != self.hop {
                self.hop = hop.number;
                self.shown.clear();
                writeln!(self.out)?;
            }
            let lines = hop_lines(hop, &hops, verdict, &self.layout);
            self.replace(lines.iter().map(|line| line.render(self.color)).collect())?;
        }
        self.out.flush()
    }

    fn replace(&mut self, lines: Vec<String>) -> io::Result<()> {
        let same = lines.iter().zip(&self.shown).take_while(|(new, old)| new == old).count();
        let up = self.shown.len() - same;
        if up == 0 && same == lines.len() {
            return Ok(());
        }
        if up > 0 {
            // Cursor up (ECMA-48 CUU), to the first line that differs.
            write!(self.out, "\u{1b}[{up}A")?;
        }
        for line in &lines[same..] {
            writeln!(self.out, "\r{line}{ERASE_LINE}")?;
        }
        let left_over = self.shown.len().saturating_sub(lines.len());
        for _ in 0..left_over {
            writeln!(self.out, "\r{ERASE_LINE}")?;
        }
        if left_over > 0 {
            write!(self.out, "\u{1b}[{left_over}A")?;
        }
        self.shown = lines;
        Ok(())
    }

    fn write(&mut self, lines: &[Line]) -> io::Result<()> {
        for line in lines {
            writeln!(self.out, "{}", line.render(self.color))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{self, Example};
    use crate::styled;
    use crate::text::report;

    /// What a terminal shows after all that was written: understands line
    /// feeds, carriage returns, cursor up and erase to the end of the line.
    fn screen(written: &str) -> String {
        let mut lines = vec![String::new()];
        let (mut row, mut rest) = (0, written);
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '\n' => {
                    row += 1;
                    if row == lines.len() {
                        lines.push(String::new());
                    }
                }
                '\r' => lines[row].clear(),
                '\u{1b}' => {
                    let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                    if rest.as_bytes()[end] == b'A' {
                        row -= rest[1..end].parse::<usize>().unwrap();
                    }
                    rest = &rest[end + 1..];
                }
                c => lines[row].push(c),
            }
        }
        lines.join("\n")
    }

    #[test]
    fn the_terminal_ends_up_with_the_finished_report() {
        for example in
            [examples::healthy(), examples::expired_certificate(), examples::dead_redirect()]
        {
            let Example { evidence, verdict } = example;
            let layout = Layout::default();
            let mut live = Live::new(Vec::new(), evidence.target.clone(), layout, false);
            for event in &evidence.events {
                live.event(event).unwrap();
            }
            let written = String::from_utf8(live.finish(&verdict).unwrap()).unwrap();
            let finished = report(&evidence.target, &evidence.events, &verdict, &layout);
            assert_eq!(screen(&written).trim_end(), styled::render(&finished, false).trim_end());
        }
    }
}
