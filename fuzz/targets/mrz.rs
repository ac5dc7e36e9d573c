//! Any bytes as the lines of a machine readable zone: no panic, and `valid` means no fault. Must not know what is right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tapal_documents::mrz;
use tapal_domain::day::Day;

fuzz_target!(|bytes: &[u8]| {
    let Ok(today) = "2026-11-28".parse::<Day>() else {
        return;
    };
    let text = String::from_utf8_lossy(bytes);
    let reading = mrz::read(&text, today);
    assert_eq!(reading.valid, reading.faults.is_empty());
    // The same lines with other ends say the same.
    let other = text.replace('\n', "\r\n");
    assert_eq!(mrz::read(&other, today), reading);
});
