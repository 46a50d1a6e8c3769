//! Media types by name.

use std::borrow::Cow;
use std::path::Path;

use http::HeaderValue;

/// The value of `Content-Type`; text is said to be UTF-8.
pub(super) fn content_type(kind: &'static str) -> HeaderValue {
    let text = match kind.starts_with("text/") {
        true => Cow::Owned(format!("{kind}; charset=utf-8")),
        false => Cow::Borrowed(kind),
    };
    HeaderValue::from_str(&text)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

/// The media type of a file by its name.
pub(super) fn media_type(path: &Path) -> &'static str {
    let Some(ending) = path.extension().and_then(|ending| ending.to_str()) else {
        return by_name(path);
    };
    match &ending.to_ascii_lowercase()[..] {
        "html" | "htm" => "text/html",
        "txt" | "log" | "conf" | "ini" | "cfg" | "toml" | "lock" => "text/plain",
        "css" => "text/css",
        // RFC 9239.
        "js" | "mjs" | "cjs" => "text/javascript",
        "json" | "map" => "application/json",
        "jsonl" | "ndjson" => "application/x-ndjson",
        "yaml" | "yml" => "application/yaml",
        "md" | "markdown" => "text/markdown",
        "xml" => "application/xml",
        "webmanifest" => "application/manifest+json",
        "gz" => "application/gzip",
        "zst" => "application/zstd",
        "pcap" | "cap" => "application/vnd.tcpdump.pcap",
        // Sources, which a browser would else save.
        "rs" | "go" | "py" | "c" | "h" | "cc" | "cpp" | "hpp" | "java" | "rb" | "sh" | "sql"
        | "diff" | "patch" | "tsx" | "mts" => "text/plain",
        other => mime_guess::from_ext(other).first_raw().unwrap_or("application/octet-stream"),
    }
}

/// Files that are text by custom and have no ending.
fn by_name(path: &Path) -> &'static str {
    const TEXT: [&str; 10] = [
        "README",
        "LICENSE",
        "LICENCE",
        "COPYING",
        "NOTICE",
        "AUTHORS",
        "CHANGELOG",
        "Makefile",
        "Dockerfile",
        "TODO",
    ];
    match path.file_name().and_then(|name| name.to_str()) {
        Some(name) if TEXT.contains(&name) => "text/plain",
        _ => "application/octet-stream",
    }
}

/// Whether compressing such bytes makes them fewer.
pub(super) fn compressible(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
        || matches!(
            media_type,
            "application/json"
                | "application/x-ndjson"
                | "application/xml"
                | "application/yaml"
                | "application/javascript"
                | "application/wasm"
                | "application/vnd.ms-fontobject"
                | "font/ttf"
                | "font/otf"
                | "image/bmp"
                | "image/x-icon"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_name() {
        for (name, kind) in [
            ("a.html", "text/html; charset=utf-8"),
            ("A.HTML", "text/html; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.json", "application/json"),
            ("a.svg", "image/svg+xml"),
            ("a.png", "image/png"),
            ("a.wasm", "application/wasm"),
            ("a.woff2", "font/woff2"),
            ("a.mp4", "video/mp4"),
            ("a.tar.gz", "application/gzip"),
            ("a.pdf", "application/pdf"),
            ("a.csv", "text/csv; charset=utf-8"),
            ("README", "text/plain; charset=utf-8"),
            ("a", "application/octet-stream"),
            ("a.", "application/octet-stream"),
            (".html", "application/octet-stream"),
            ("a.xyzzy", "application/octet-stream"),
        ] {
            assert_eq!(content_type(media_type(Path::new(name))), kind, "{name}");
        }
        assert!(compressible("image/svg+xml") && !compressible("image/png"));
    }
}
