//! Sizes as users write them: `4096`, `64k`, `1M`.

/// Bytes: `4096`, `64k`, `1M`, `2G`; k is 1024, as dd(1) has it.
pub fn parse(text: &str) -> Result<u64, String> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let shift = match text[unit_at..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        unit => return Err(format!("unknown unit {unit:?}: use k, M or G")),
    };
    let number: u64 =
        text[..unit_at].parse().map_err(|_| "a size is a number: 4096, 64k, 1M".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "nothing is that large".to_owned())
}

/// The same, of what is kept in memory.
pub fn in_memory(text: &str) -> Result<usize, String> {
    /// More than a message or line should take of one connection.
    const LARGEST: u64 = 1 << 30;
    let size = parse(text)?;
    match usize::try_from(size) {
        Ok(0) => Err("at least 1".to_owned()),
        Ok(bytes) if size <= LARGEST => Ok(bytes),
        _ => Err("at most 1G".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!((parse("4096"), parse("64k"), parse("2G")), (Ok(4096), Ok(65536), Ok(2 << 30)));
        for text in ["", "k", "-1", "1x", "99999999999999999999", "9999999999999G"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(in_memory("1G").is_ok());
        assert!(in_memory("1025M").is_err() && in_memory("0").is_err());
    }
}
