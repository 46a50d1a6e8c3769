//! Daytime, RFC 867: the date and time as a line of text.

use std::io;

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tokio::io::AsyncWriteExt;

use super::would_loop;
use crate::core::{Context, Datagram, DatagramService, Io, Service, close_gently};

/// Says what time it is, over TCP and UDP. A connection is closed when it is said.
#[derive(Debug, Clone, Copy, Default)]
pub struct Daytime;

/// The form that RFC 867 calls popular: weekday, month day, year time-zone.
const FORM: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday], [month repr:long] [day padding:none], [year] [hour]:[minute]:[second]-UTC\r\n"
);

fn line() -> String {
    // The format has no part that a date could lack.
    OffsetDateTime::now_utc().format(FORM).unwrap_or_else(|_| "\r\n".to_owned())
}

impl Service for Daytime {
    async fn serve<S: Io>(&self, mut stream: S, _: Context) -> io::Result<()> {
        stream.write_all(line().as_bytes()).await?;
        close_gently(stream).await;
        Ok(())
    }
}

impl DatagramService for Daytime {
    async fn answer(&self, datagram: Datagram, _: Context) -> Option<Vec<u8>> {
        (!would_loop(datagram.peer)).then(|| line().into_bytes())
    }
}
