//! Segments, fields and escaping of HL7 v2.
//!
//! Fields are set by their number, as the standard names them. What is put into a field has been escaped by [`text`] or
//! [`component`], or is the program's own and needs none.

/// A segment under way.
#[derive(Debug)]
pub(super) struct Segment {
    name: &'static str,
    /// Number of the first field in `fields`: the header's field 1 is the separator itself.
    first: usize,
    fields: Vec<String>,
}

impl Segment {
    pub(super) fn new(name: &'static str) -> Self {
        Segment { name, first: 1, fields: Vec::new() }
    }

    /// `MSH`, which says what the separators are.
    pub(super) fn header() -> Self {
        Segment { name: "MSH", first: 2, fields: vec!["^~\\&".to_owned()] }
    }

    /// Sets a field by its number.
    pub(super) fn set(mut self, number: usize, value: impl Into<String>) -> Self {
        let at = number.saturating_sub(self.first);
        if self.fields.len() <= at {
            self.fields.resize(at + 1, String::new());
        }
        self.fields[at] = value.into();
        self
    }

    /// The segment with its end; empty fields at the end are left out.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let line = format!("{}|{}", self.name, self.fields.join("|"));
        let mut bytes = line.trim_end_matches('|').as_bytes().to_vec();
        bytes.push(b'\r');
        bytes
    }
}

/// Text within a field or component. Characters with a meaning are escaped, and control characters as hexadecimal.
pub(super) fn text(plain: &str) -> String {
    let mut escaped = String::with_capacity(plain.len());
    for character in plain.chars() {
        match character {
            '|' => escaped.push_str("\\F\\"),
            '^' => escaped.push_str("\\S\\"),
            '~' => escaped.push_str("\\R\\"),
            '\\' => escaped.push_str("\\E\\"),
            '&' => escaped.push_str("\\T\\"),
            control if control.is_ascii_control() => escaped.push_str(&format!("\\X{:02X}\\", u32::from(control))),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A field of components, each escaped; empty ones at the end are left out.
pub(super) fn component<const N: usize>(parts: [&str; N]) -> String {
    parts.map(text).join("^").trim_end_matches('^').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_where_the_standard_counts_them() {
        let segment = Segment::new("OBX").set(1, "1").set(5, "a").set(3, "b").set(9, "");
        assert_eq!(segment.into_bytes(), b"OBX|1||b||a\r");
        assert_eq!(Segment::header().set(3, "X").set(9, "Y").into_bytes(), b"MSH|^~\\&|X||||||Y\r");
    }

    // verifies: RQ-161
    #[test]
    fn no_text_can_end_a_field_a_segment_or_a_frame() {
        assert_eq!(text("a|b^c~d\\e&f"), "a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f");
        assert_eq!(text("one\r\ntwo\u{b}\u{1c}"), "one\\X0D\\\\X0A\\two\\X0B\\\\X1C\\");
        assert_eq!(component(["a^b", "", "c", ""]), "a\\S\\b^^c");
    }
}
