//! Servers that greet on the well-known ports of files, mail and shells, and
//! know how to say goodbye. The full services are others.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::core::{Context, Io, Service, close_gently};

/// Which protocol the greeting belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 959.
    Ftp,
    /// RFC 5321.
    Smtp,
    /// RFC 1939.
    Pop3,
    /// RFC 9051.
    Imap,
    /// RFC 4253.
    Ssh,
    /// RFC 854.
    Telnet,
}

/// Greets, answers goodbye, and says of everything else that it cannot do it.
#[derive(Debug, Clone)]
pub struct Greeting {
    protocol: Protocol,
    host: String,
}

impl Greeting {
    /// A server of `protocol` on a machine called `host`.
    pub fn new(protocol: Protocol, host: impl Into<String>) -> Self {
        Greeting { protocol, host: host.into() }
    }

    fn hello(&self) -> String {
        let host = &self.host;
        match self.protocol {
            Protocol::Ftp => format!("220 {host} FTP server ready.\r\n"),
            Protocol::Smtp => format!("220 {host} ESMTP plumb\r\n"),
            Protocol::Pop3 => format!("+OK {host} POP3 server ready\r\n"),
            Protocol::Imap => format!("* OK [CAPABILITY IMAP4rev1] {host} ready\r\n"),
            Protocol::Ssh => "SSH-2.0-plumb\r\n".to_owned(),
            Protocol::Telnet => format!("\r\n{host} login: "),
        }
    }

    /// The answer to one line, and whether it is the last.
    fn reply(&self, line: &str) -> (String, bool) {
        let mut words = line.split_ascii_whitespace();
        let first = words.next().unwrap_or_default();
        let is = |word: &str, command: &str| word.eq_ignore_ascii_case(command);
        let host = &self.host;
        match self.protocol {
            Protocol::Ftp if is(first, "QUIT") => ("221 Goodbye.\r\n".to_owned(), true),
            Protocol::Ftp => ("530 Please login with USER and PASS.\r\n".to_owned(), false),
            Protocol::Smtp if is(first, "QUIT") => (format!("221 {host} Bye\r\n"), true),
            Protocol::Smtp if is(first, "NOOP") => ("250 OK\r\n".to_owned(), false),
            Protocol::Smtp if is(first, "HELO") || is(first, "EHLO") => {
                (format!("250 {host}\r\n"), false)
            }
            Protocol::Smtp => ("502 Command not implemented\r\n".to_owned(), false),
            Protocol::Pop3 if is(first, "QUIT") => ("+OK Bye\r\n".to_owned(), true),
            Protocol::Pop3 => ("-ERR Command not implemented\r\n".to_owned(), false),
            Protocol::Imap => {
                let command = words.next().unwrap_or_default();
                match command {
                    _ if is(command, "LOGOUT") => {
                        (format!("* BYE {host} logging out\r\n{first} OK LOGOUT\r\n"), true)
                    }
                    _ if is(command, "NOOP") => (format!("{first} OK NOOP\r\n"), false),
                    _ if is(command, "CAPABILITY") => {
                        (format!("* CAPABILITY IMAP4rev1\r\n{first} OK CAPABILITY\r\n"), false)
                    }
                    _ => (format!("{first} BAD Command not implemented\r\n"), false),
                }
            }
            Protocol::Telnet if ["exit", "logout", "quit"].iter().any(|word| is(first, word)) => {
                ("\r\n".to_owned(), true)
            }
            Protocol::Telnet => (format!("\r\nLogin incorrect\r\n{host} login: "), false),
            // After its banner a client sends key exchange packets, which nobody reads here.
            Protocol::Ssh => (String::new(), true),
        }
    }

    async fn converse<S: Io>(&self, stream: &mut S) -> io::Result<()> {
        /// RFC 5321 section 4.5.3.1.4, the longest of the four.
        const LINE_BYTES_MAX: u64 = 512;
        stream.write_all(self.hello().as_bytes()).await?;
        let mut buffered = tokio::io::BufReader::new(stream);
        loop {
            let mut line = Vec::new();
            let mut limited = (&mut buffered).take(LINE_BYTES_MAX);
            tokio::io::AsyncBufReadExt::read_until(&mut limited, b'\n', &mut line).await?;
            if !line.ends_with(b"\n") {
                return Ok(());
            }
            let (reply, last) = self.reply(&String::from_utf8_lossy(&line));
            buffered.get_mut().write_all(reply.as_bytes()).await?;
            if last {
                return Ok(());
            }
        }
    }
}

impl Service for Greeting {
    async fn serve<S: Io>(&self, mut stream: S, context: Context) -> io::Result<()> {
        let stop = context.stop.clone();
        let conversing = self.converse(&mut stream);
        let outcome = stop.run_until_cancelled(conversing).await;
        outcome.unwrap_or(Ok(()))?;
        close_gently(stream).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_says_goodbye() {
        for (protocol, line) in [
            (Protocol::Ftp, "QUIT\r\n"),
            (Protocol::Smtp, "quit\r\n"),
            (Protocol::Pop3, "QUIT\r\n"),
            (Protocol::Imap, "a1 LOGOUT\r\n"),
            (Protocol::Telnet, "exit\r\n"),
        ] {
            let (reply, last) = Greeting::new(protocol, "mail.example.com").reply(line);
            assert!(last && reply.ends_with("\r\n"), "{protocol:?}: {reply}");
            let (_, last) = Greeting::new(protocol, "mail.example.com").reply("XYZZY\r\n");
            assert!(!last, "{protocol:?}");
        }
    }
}
