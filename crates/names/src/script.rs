//! Letters of every script to lower-case ASCII, and what the script says about the name: vowels left out (Arabic,
//! Hebrew), a sign a syllable (Han, Hangul). Own tables where the library's letters mislead; must not split names.

/// How the script of a part writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Script {
    /// Consonants and vowels.
    #[default]
    Alphabet,
    /// Consonants; vowels are mostly not written.
    Abjad,
    /// A sign a syllable: Han, Hangul.
    Syllables,
    /// A foreign name written by its sound in Kana.
    Kana,
}

/// What a character is for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Letters, lower case, with the way the script writes.
    Letters(Script),
    /// Ends a part.
    Between,
    /// Ends a part, and what stood before it is the surname (or after it a degree).
    Comma,
    /// An apostrophe, joiner or mark: as if it was not there.
    Nothing,
}

/// Reads one character; its ASCII letters and digits go to `out`.
pub fn read(sign: char, out: &mut impl FnMut(u8)) -> Sign {
    if sign.is_ascii() {
        return ascii(sign, out);
    }
    match sign {
        '\u{200b}'..='\u{200f}'
        | '\u{2060}'
        | '\u{feff}'
        | '\u{0300}'..='\u{036f}'
        | '\u{2018}'
        | '\u{2019}'
        | '\u{02b9}'..='\u{02bf}'
        | '\u{064b}'..='\u{065f}'
        | '\u{0640}'
        | '\u{0670}' => Sign::Nothing,
        '،' | '、' | '\u{ff0c}' => Sign::Comma,
        '·' | '・' | '‧' | '•' | '\u{2010}'..='\u{2015}' | '=' => Sign::Between,
        _ if sign.is_whitespace() => Sign::Between,
        _ => letters(sign, out),
    }
}

fn ascii(sign: char, out: &mut impl FnMut(u8)) -> Sign {
    match sign {
        'a'..='z' | 'A'..='Z' | '0'..='9' => {
            out(sign.to_ascii_lowercase() as u8);
            Sign::Letters(Script::Alphabet)
        }
        '\'' | '`' | '"' => Sign::Nothing,
        ',' => Sign::Comma,
        _ => Sign::Between,
    }
}

fn letters(sign: char, out: &mut impl FnMut(u8)) -> Sign {
    let script = match sign {
        '\u{0590}'..='\u{06ff}'
        | '\u{0750}'..='\u{077f}'
        | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{feff}' => Script::Abjad,
        '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{2ffff}' => Script::Syllables,
        '\u{3040}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}' => Script::Kana,
        _ => Script::Alphabet,
    };
    if !sign.is_alphanumeric() {
        // Marks above and below letters belong to their word; symbols and pictures stand between words.
        let symbol = matches!(sign, '\u{2000}'..='\u{2bff}' | '\u{3000}'..='\u{303f}' | '\u{fe00}'..)
            || sign < '\u{0300}';
        return if symbol { Sign::Between } else { Sign::Nothing };
    }
    let text = own(sign).unwrap_or_else(|| any_ascii::any_ascii_char(sign));
    for letter in text.bytes().filter(u8::is_ascii_alphanumeric) {
        out(letter.to_ascii_lowercase());
    }
    // Also a silent letter (ayn, hard sign) belongs to its word.
    Sign::Letters(script)
}

/// Our own reading of Arabic, Persian and Urdu letters (the library keeps ayn and hamza as signs and h for every h) and of
/// Cyrillic ones (its i for й and g for ґ differ from what passports write).
fn own(sign: char) -> Option<&'static str> {
    Some(match sign {
        'ا' | 'أ' | 'آ' | 'ٱ' | 'ى' => "a",
        'إ' => "i",
        'ء' | 'ع' => "",
        'ؤ' => "u",
        'ئ' => "i",
        'ب' => "b",
        'ت' | 'ط' | 'ٹ' => "t",
        'ث' => "th",
        'ج' => "j",
        'ح' | 'ه' | 'ہ' | 'ھ' => "h",
        'ة' => "a",
        'خ' => "kh",
        'د' | 'ض' | 'ڈ' => "d",
        'ذ' => "dh",
        'ر' | 'ڑ' => "r",
        'ز' | 'ظ' => "z",
        'س' | 'ص' => "s",
        'ش' => "sh",
        'غ' => "gh",
        'ف' => "f",
        'ق' => "q",
        'ك' | 'ک' => "k",
        'ل' => "l",
        'م' => "m",
        'ن' | 'ں' => "n",
        'و' => "w",
        'ي' | 'ی' => "y",
        'پ' => "p",
        'چ' => "ch",
        'ژ' => "zh",
        'گ' => "g",
        'ے' => "e",
        'Й' | 'й' => "i",
        'Ь' | 'ь' | 'Ъ' | 'ъ' => "",
        'Х' | 'х' => "kh",
        'Ц' | 'ц' => "ts",
        'Щ' | 'щ' => "shch",
        'Э' | 'э' | 'Ё' | 'ё' => "e",
        'Ґ' | 'ґ' | 'Ғ' | 'ғ' => "g",
        'Қ' | 'қ' => "k",
        'Ұ' | 'ұ' | 'Ү' | 'ү' => "u",
        'Ө' | 'ө' => "o",
        'Ә' | 'ә' => "a",
        'Ң' | 'ң' => "n",
        'Һ' | 'һ' => "h",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascii_of(text: &str) -> String {
        let mut out = String::new();
        for sign in text.chars() {
            let kind = read(sign, &mut |letter| out.push(letter as char));
            if matches!(kind, Sign::Between | Sign::Comma) {
                out.push(' ');
            }
        }
        out
    }

    #[test]
    fn scripts_are_read() {
        assert_eq!(ascii_of("Søren Ölçer"), "soren olcer");
        assert_eq!(ascii_of("O’Brien D'Souza"), "obrien dsouza");
        assert_eq!(ascii_of("Сергей"), "sergei");
        assert_eq!(ascii_of("محمد"), "mhmd");
        assert_eq!(ascii_of("ბარაკ"), "barak");
        assert_eq!(ascii_of("バラク・オバマ"), "baraku obama");
        assert_eq!(ascii_of("习近平"), "xijinping");
        assert_eq!(ascii_of("e\u{301}"), "e", "a mark apart is the same letter");
        assert_eq!(ascii_of("Ｔｏｋｙｏ"), "tokyo", "full width");
    }

    #[test]
    fn every_character_can_be_read() {
        for sign in (0..=0x10_ffff).filter_map(char::from_u32) {
            read(sign, &mut |letter| {
                assert!(letter.is_ascii_lowercase() || letter.is_ascii_digit())
            });
        }
    }
}
