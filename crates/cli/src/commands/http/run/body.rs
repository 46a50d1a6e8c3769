//! The body of the last response: to a file, a record, a person or a pipe.

use plumb_probe::http::{BodyFailure, Response};
use plumb_report::units;

use super::super::download::{self, Place};
use super::super::phases::Phases;
use super::super::records::BodyRecord;
use super::super::show::Shown;
use super::super::sink::{Gathered, UntilClosed};
use super::{Talk, cannot_show};
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output;

/// Bytes of an unwanted body that are read to keep the connection.
const DRAIN_BYTES_MAX: u64 = 256 << 10;

/// Whether there is nothing to save.
fn is_refusal(response: &Response) -> bool {
    !matches!(response.status(), 200..=299 | 416)
}

impl Talk<'_> {
    /// Reads the body to where it belongs; why it was cut, if it was.
    pub(super) async fn body(
        &mut self,
        response: &mut Response,
    ) -> Result<Option<BodyFailure>, CommandError> {
        let (mut text, mut file) = (None, None);
        let content_type = response.header("content-type").unwrap_or_default();
        let look = self.look;
        let copied = if self.download.is_some() && !is_refusal(response) {
            let (copied, path) = self.save(response).await?;
            file = path;
            copied
        } else if self.answer.output().json {
            let mut kept = Gathered::default();
            let copied = response.copy_to(&mut kept, true).await;
            text = kept.text().map(|text| response.without_secrets(&text));
            copied
        } else if self.http.shown.raw {
            response.copy_to(&mut std::io::sink(), false).await
        } else if self.parts.body {
            let output = self.answer.output();
            let mut out = UntilClosed(output);
            if look.is_plain() {
                response.copy_to(&mut out, true).await
            } else {
                let mut shown = Shown::new(look, &content_type, &mut out);
                let copied = response.copy_to(&mut shown, true).await;
                shown.finish().map_err(cannot_show)?;
                copied
            }
        } else if self.parts.head && !self.http.shown.phases && !self.parts.meta {
            // Only the head is wanted: a large body is not worth its time.
            response.drain(DRAIN_BYTES_MAX).await;
            Ok(())
        } else {
            response.copy_to(&mut std::io::sink(), true).await
        };
        let failure = match copied {
            Err(BodyFailure::Write(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                None
            }
            Err(BodyFailure::Write(error)) => return Err(cannot_show(error)),
            other => other.err(),
        };
        self.after_body(response, failure.as_ref(), text, file)?;
        if self.download.is_some() && is_refusal(response) {
            self.status = ExitStatus::NO;
            let status = format!("{} {}", response.status(), response.head.reason);
            self.note(&format!("the server says {}: nothing is saved", status.trim()));
        }
        Ok(failure)
    }

    fn after_body(
        &mut self,
        response: &Response,
        failure: Option<&BodyFailure>,
        text: Option<String>,
        file: Option<String>,
    ) -> Result<(), CommandError> {
        self.answer.record("body", &BodyRecord::of(response, failure, text, file))?;
        for remark in &response.remarks {
            self.note(remark);
        }
        if self.parts.meta && !self.answer.output().json {
            let elapsed = response.elapsed().as_secs_f64();
            let lines = format!(
                "\nElapsed time: {elapsed:.6}s\nFirst byte: {:.6}s\nReceived: {} bytes\n",
                response.wait().as_secs_f64(),
                response.received_bytes()
            );
            self.print(lines.as_bytes())?;
        }
        if self.http.shown.phases {
            let phases = Phases::of(&self.recorder, response.hop, self.saved);
            self.answer.record("phases", &phases)?;
            if !self.answer.output().json {
                output::tell(&phases.lines(self.answer.output().layout.unicode));
            }
        }
        Ok(())
    }

    /// Writes the body to the file of a download.
    async fn save(
        &mut self,
        response: &mut Response,
    ) -> Result<(Result<(), BodyFailure>, Option<String>), CommandError> {
        let Some(download) = &mut self.download else { return Ok((Ok(()), None)) };
        let mut target = match download.open(response)? {
            Place::Complete(path) => {
                response.drain(DRAIN_BYTES_MAX).await;
                let path = path.display().to_string();
                self.note(&format!("{path} is complete already"));
                return Ok((Ok(()), Some(path)));
            }
            Place::Open(target) => target,
        };
        let path = target.path.display().to_string();
        let copied = response.copy_to(&mut target, true).await;
        match &copied {
            Ok(()) => {
                target.done();
                let size = units::size(target.begun_bytes + response.received_bytes());
                let took = units::duration(
                    u64::try_from(response.elapsed().as_nanos()).unwrap_or(u64::MAX),
                );
                self.note(&format!("saved {path}: {size} in {took}"));
            }
            Err(BodyFailure::Write(error)) => {
                target.cut();
                return Err(download::cannot_write(&target.path, error));
            }
            Err(_) => {
                target.cut();
                self.note(&format!("{path} is not complete: --continue goes on with it"));
            }
        }
        Ok((copied, Some(path)))
    }
}
