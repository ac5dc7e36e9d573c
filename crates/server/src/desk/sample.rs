//! Invented passports of the demonstration, to be read at its desk. Shown by `tapal demo` only. Must not hold a real
//! person's data.

use tapal_documents::mrz::digit;

/// One passport.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Key of its words: `desk-sample-<code>`.
    pub code: &'static str,
    /// Issuing state and nationality.
    pub state: &'static str,
    /// Number.
    pub number: &'static str,
    /// Surname as the zone writes it.
    pub surname: &'static str,
    /// Given names.
    pub given: &'static str,
    /// `YYYY-MM-DD`.
    pub birth: &'static str,
    /// `M` or `F`.
    pub sex: &'static str,
    /// `YYYY-MM-DD`.
    pub expiry: &'static str,
}

const fn sample(
    code: &'static str,
    (state, number): (&'static str, &'static str),
    (surname, given): (&'static str, &'static str),
    (birth, sex, expiry): (&'static str, &'static str, &'static str),
) -> Sample {
    Sample {
        code,
        state,
        number,
        surname,
        given,
        birth,
        sex,
        expiry,
    }
}

/// An ordinary citizen.
pub const CITIZEN: Sample = sample(
    "citizen",
    ("IDN", "C0000101"),
    ("CONTOH", "WIJAYANTI"),
    ("1991-05-06", "F", "2033-02-01"),
);
/// A visitor without a visa.
pub const VISITOR: Sample = sample(
    "visitor",
    ("MYS", "K0000201"),
    ("CONTOH", "AMINAH"),
    ("1988-11-23", "F", "2031-08-15"),
);
/// A visitor with an electronic visa on arrival.
pub const VISA: Sample = sample(
    "visa",
    ("FRA", "20FR00301"),
    ("EXEMPLE", "CAMILLE"),
    ("1979-03-14", "F", "2032-05-30"),
);
/// A visitor whose visa was used.
pub const USED: Sample = sample(
    "used",
    ("DEU", "C01X00302"),
    ("MUSTER", "JONAS"),
    ("1985-07-02", "M", "2030-12-11"),
);
/// Somebody who stayed four days too long.
pub const OVERSTAYED: Sample = sample(
    "overstayed",
    ("SGP", "E0000401"),
    ("CONTOH", "RAHIM"),
    ("1993-01-19", "M", "2031-04-04"),
);
/// Somebody who stayed much too long.
pub const LONG_OVERSTAYED: Sample = sample(
    "long_overstayed",
    ("PHL", "P0000402"),
    ("HALIMBAWA", "JOSE"),
    ("1982-09-30", "M", "2029-10-10"),
);
/// A passport that was reported lost.
pub const LOST: Sample = sample(
    "lost",
    ("IDN", "X0000001"),
    ("CONTOH", "PEMEGANG PASPOR"),
    ("1990-04-12", "F", "2030-06-06"),
);
/// Somebody under an exit ban: one of the rendered people, by passport number.
pub const BANNED: Sample = sample(
    "banned",
    ("IDN", "SP8314860"),
    ("SETYOWIRA", "DEWI"),
    ("1972-06-22", "F", "2032-05-02"),
);

/// All of them.
pub const ALL: [Sample; 8] = [
    CITIZEN,
    VISITOR,
    VISA,
    USED,
    OVERSTAYED,
    LONG_OVERSTAYED,
    LOST,
    BANNED,
];

fn filled(text: &str, size: usize) -> String {
    let text = text.replace(' ', "<");
    format!("{text:<<size$}").chars().take(size).collect()
}

/// `YYYY-MM-DD` as the zone writes it.
fn short(day: &str) -> String {
    day.chars().skip(2).filter(|sign| *sign != '-').collect()
}

impl Sample {
    /// The two lines of its zone (TD3).
    pub fn zone(&self) -> [String; 2] {
        let name = format!("{}<<{}", self.surname, self.given);
        let first = format!("P<{}{}", filled(self.state, 3), filled(&name, 39));
        let with = |text: String| {
            let sum = digit(&text);
            format!("{text}{sum}")
        };
        let number = with(filled(self.number, 9));
        let (birth, expiry) = (with(short(self.birth)), with(short(self.expiry)));
        let optional = with(filled("", 14));
        let whole = digit(&format!("{number}{birth}{expiry}{optional}"));
        let (state, sex) = (filled(self.state, 3), self.sex);
        [
            first,
            format!("{number}{state}{birth}{sex}{expiry}{optional}{whole}"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_reads_without_fault() {
        for sample in ALL {
            let today = "2026-11-28".parse().unwrap();
            let reading = tapal_documents::mrz::read(&sample.zone().join("\n"), today);
            assert!(reading.valid, "{} {:?}", sample.code, reading.faults);
            assert_eq!(reading.birth, sample.birth);
            assert_eq!(reading.expiry, sample.expiry);
            assert_eq!(reading.number, sample.number);
        }
    }
}
