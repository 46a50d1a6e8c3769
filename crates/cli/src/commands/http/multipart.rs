//! `multipart/form-data` (RFC 7578), its files read while they are sent.

use std::path::Path;

use plumb_probe::http::Payload;

use crate::error::CommandError;

/// One part of a form.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Field { name: String, value: String },
    File { name: String, path: String, media_type: Option<String> },
}

/// The body of these parts.
pub(super) fn payload(parts: &[Part], boundary: &str) -> Result<Payload, CommandError> {
    let mut payload = Payload::empty();
    for part in parts {
        match part {
            Part::Field { name, value } => {
                let name = quoted(name);
                payload.push_bytes(format!(
                    "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                ));
            }
            Part::File { name, path, media_type } => {
                let file = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
                let media_type = media_type.as_deref().unwrap_or_else(|| guess(path));
                let (name, file) = (quoted(name), quoted(&file));
                payload.push_bytes(format!(
                    "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\
                     Content-Type: {media_type}\r\n\r\n"
                ));
                payload.push_file(path).map_err(|error| CommandError::file("send", path, error))?;
                payload.push_bytes("\r\n");
            }
        }
    }
    payload.push_bytes(format!("--{boundary}--\r\n"));
    Ok(payload)
}

/// As the HTML standard writes names of fields and files.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// The media type that a file's name suggests.
pub(super) fn guess(path: &str) -> &'static str {
    let extension = Path::new(path).extension().unwrap_or_default().to_string_lossy();
    match extension.to_ascii_lowercase().as_str() {
        "txt" | "log" | "md" => "text/plain",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "csv" => "text/csv",
        "js" | "mjs" => "text/javascript",
        "json" => "application/json",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_between_boundaries() {
        let parts = [Part::Field { name: "a\"b".into(), value: "1".into() }];
        let payload = payload(&parts, "X").unwrap();
        let text = "--X\r\nContent-Disposition: form-data; name=\"a%22b\"\r\n\r\n1\r\n--X--\r\n";
        assert_eq!(payload.size_bytes(), Some(text.len() as u64));
        assert_eq!(guess("a/b.PNG"), "image/png");
    }
}
