//! The name field (ICAO Doc 9303-3, 4.6): primary identifier, two fillers, secondary identifier, fillers to the end. Must
//! not turn it back into the letters of the document: that cannot be done.

/// A name as it stands there.
pub(super) struct Name {
    pub primary: String,
    pub secondary: String,
    /// It fills the field.
    pub full: bool,
}

/// `None` when it is not built like a name.
pub(super) fn split(field: &str) -> Option<Name> {
    let text = field.trim_end_matches('<');
    let letters = text.bytes().all(|b| b.is_ascii_uppercase() || b == b'<');
    if text.is_empty() || !letters || text.starts_with('<') || text.contains("<<<") {
        return None;
    }
    let mut sides = text.split("<<");
    let (primary, secondary) = (sides.next()?, sides.next().unwrap_or_default());
    // Two fillers stand between the identifiers, and nowhere else.
    if sides.next().is_some() {
        return None;
    }
    let words = |side: &str| side.replace('<', " ");
    Some(Name {
        primary: words(primary),
        secondary: words(secondary),
        full: text.len() == field.len(),
    })
}
