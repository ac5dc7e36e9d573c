//! Installing packs: every way it can go wrong leaves the disk as it was.
