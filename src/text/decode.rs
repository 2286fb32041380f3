//! The text of a file that a person or a program of theirs wrote.

/// The text in some bytes: UTF-8, with a byte order mark or without, or UTF-16 with one, which is what `>` writes in
/// Windows PowerShell (doc "about_Character_Encoding", PowerShell). The mark is no part of the text.
///
/// # Errors
/// What is wrong with it, in words that quote nothing of it.
pub fn decoded(bytes: &[u8]) -> Result<String, String> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, odd) = rest.as_chunks::<2>();
        if !odd.is_empty() {
            return Err("it is UTF-16 and breaks off within a character".to_owned());
        }
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16(&units)
            .map_err(|_| "it is UTF-16 with half of a character in it: save it as UTF-8".to_owned())
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        format!(
            "it is no text: byte {} is not UTF-8",
            error.valid_up_to() + 1
        )
    })?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_taken_off_and_none_is_needed() {
        let text = "{\"a\": \"ü€𝄞\"}\n";
        let wide: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
        let little: Vec<u8> = wide.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = wide.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let marked = format!("\u{feff}{text}").into_bytes();
        for bytes in [text.as_bytes(), &marked, &little, &big] {
            assert_eq!(decoded(bytes).unwrap(), text);
        }
        assert_eq!(decoded(&[]).unwrap(), "");
    }

    #[test]
    fn what_is_no_text_is_told_without_it() {
        for (bytes, words) in [
            (&b"ab\xffSECRET"[..], "byte 3 is not UTF-8"),
            (b"\xff\xfea", "breaks off"),
            (b"\xff\xfe\x00\xd8a\x00", "half of a character"),
        ] {
            let told = decoded(bytes).unwrap_err();
            assert!(told.contains(words) && !told.contains("SECRET"), "{told}");
        }
    }
}
