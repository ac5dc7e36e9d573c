//! Any bytes as a carrier's interchange: no panic; nobody is left out without a fault; a whole list has as many people as
//! it counts. Must not know what is right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tapal_documents::paxlst;
use tapal_domain::day::Day;

fuzz_target!(|bytes: &[u8]| {
    let Ok(today) = "2026-11-28".parse::<Day>() else {
        return;
    };
    let whole = paxlst::read(bytes, today);
    for message in &whole.messages {
        assert!(message.left_out == 0 || !message.faults.is_empty());
        if whole.is_whole() {
            let named = message.people.len() + message.left_out;
            assert!(message.declared.is_none_or(|said| said == named));
        }
    }
    assert!(whole.is_whole() || !whole.messages.is_empty() || !whole.faults.is_empty());
});
