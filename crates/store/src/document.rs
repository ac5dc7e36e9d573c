//! How a travel document is found again without its number being readable: one mark for issuing state and number, the
//! same in the registry, the ledger, cases and passenger lists. Must not check a number by pattern (ICAO 9303 has none).

use crate::{
    error::Result,
    vault::{self, Vault},
};

/// State and number as they are compared: letters and digits, upper case; fillers, spaces and dashes do not count.
pub fn compared(issuing_state: &str, number: &str) -> String {
    let plain = |text: &str| -> String {
        let kept = text.chars().filter(|sign| sign.is_alphanumeric());
        kept.flat_map(char::to_uppercase).collect()
    };
    format!("{}:{}", plain(issuing_state), plain(number))
}

/// The mark of a document (16 bytes), equal for equal documents only.
pub fn mark(vault: &Vault, issuing_state: &str, number: &str) -> Result<Vec<u8>> {
    vault.mark(vault::DOCUMENT, compared(issuing_state, number).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_its_state_and_its_number() {
        let vault = Vault::from_key(&[7; 32]).unwrap();
        let of = |state, number| mark(&vault, state, number).unwrap();
        assert_eq!(of("UTO", "L898902C3"), of("uto", "L89 8902-C3<"));
        assert_ne!(of("UTO", "L898902C3"), of("IDN", "L898902C3"));
        assert_ne!(of("UTO", "L898902C3"), of("UTO", "L8989O2C3"));
        assert_ne!(of("D", "E1"), of("DE", "1"));
    }
}
