//! Travel documents as ICAO Doc 9303 writes them. Pure: no I/O, no clock. It reads and checks what stands there; whether a
//! person may cross is decided elsewhere, and no passport number is ever refused for its pattern.

pub mod country;
pub mod mrz;
pub mod paxlst;
pub mod transliteration;
