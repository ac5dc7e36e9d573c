//! The head of a snapshot and the sizes that follow from it. Nothing is believed before the file's own size agrees.

use std::path::Path;

use tapal_domain::time::UtcMs;

use super::{SnapshotError, Stamp};
use crate::block::ROWS;

const MAGIC: &[u8; 8] = b"TAPALGAL";
const VERSION: u32 = 1;
/// Magic, version, length of the head.
pub(super) const FIXED: usize = 16;
const LONGEST: usize = 1024;
const MOST_VALUES: u32 = 8192;
const MOST_OVERHEAD: u32 = 256;
/// Entry, version, list, in force from and to.
pub(super) const OWNER: usize = 16 + 4 + 1 + 8 + 8;
pub(super) const CRC: usize = 4;

/// What stands at the beginning of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub dimension: u32,
    pub rows: u64,
    /// Bytes a seal adds.
    pub overhead: u32,
    pub stamp: Stamp,
    pub model_id: String,
}

impl Head {
    /// `None` when a name is too long to be one.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        if self.model_id.len() > 256 || self.stamp.build.len() > 128 {
            return None;
        }
        let mut rest = Vec::new();
        rest.extend(self.dimension.to_le_bytes());
        rest.extend(self.rows.to_le_bytes());
        rest.extend(self.overhead.to_le_bytes());
        rest.extend(self.stamp.made_at.0.to_le_bytes());
        for text in [&self.model_id, &self.stamp.build] {
            rest.extend((text.len() as u16).to_le_bytes());
            rest.extend(text.as_bytes());
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(((FIXED + rest.len() + CRC) as u32).to_le_bytes());
        bytes.extend(rest);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Some(bytes)
    }

    /// Length of the whole head, from its first bytes.
    pub(super) fn length(fixed: &[u8; FIXED], path: &Path) -> Result<usize, SnapshotError> {
        let foreign = || SnapshotError::Foreign { path: path.into() };
        let mut from = Reader(fixed);
        if from.take(8) != Some(MAGIC.as_slice()) || from.u32() != Some(VERSION) {
            return Err(foreign());
        }
        let length = from.u32().ok_or_else(foreign)? as usize;
        if (FIXED + CRC..=LONGEST).contains(&length) {
            Ok(length)
        } else {
            Err(SnapshotError::damaged(path, "its head"))
        }
    }

    /// Reads a whole head.
    pub(super) fn read(bytes: &[u8], path: &Path) -> Result<Self, SnapshotError> {
        let damaged = || SnapshotError::damaged(path, "its head");
        let (body, crc) = bytes
            .split_at_checked(bytes.len().wrapping_sub(CRC))
            .ok_or_else(damaged)?;
        if crc32fast::hash(body).to_le_bytes() != crc {
            return Err(damaged());
        }
        let head = Self::fields(&mut Reader(&body[FIXED..])).ok_or_else(damaged)?;
        let likely = (1..=MOST_VALUES).contains(&head.dimension)
            && head.rows <= u64::from(u32::MAX)
            && head.overhead <= MOST_OVERHEAD;
        if likely { Ok(head) } else { Err(damaged()) }
    }

    fn fields(from: &mut Reader<'_>) -> Option<Self> {
        let (dimension, rows, overhead) = (from.u32()?, from.u64()?, from.u32()?);
        let made_at = UtcMs(from.i64()?);
        let model_id = from.text()?;
        let build = from.text()?;
        from.0.is_empty().then_some(Head {
            dimension,
            rows,
            overhead,
            stamp: Stamp { build, made_at },
            model_id,
        })
    }

    /// Bytes of a row before sealing.
    pub(super) fn row_bytes(&self) -> usize {
        OWNER + self.dimension as usize * 4
    }

    /// Rows of piece `number`.
    pub(super) fn rows_of(&self, number: u64) -> usize {
        (self.rows - (number * ROWS as u64).min(self.rows)).min(ROWS as u64) as usize
    }

    pub(super) fn pieces(&self) -> u64 {
        self.rows.div_ceil(ROWS as u64)
    }

    /// Where piece `number` begins, after a head of `head` bytes; for the number of pieces: the size of the file.
    pub(super) fn offset(&self, head: usize, number: u64) -> u64 {
        let rows = (number * ROWS as u64).min(self.rows);
        let around = u64::from(self.overhead) + CRC as u64;
        head as u64 + u64::from(self.overhead) + rows * self.row_bytes() as u64 + number * around
    }
}

/// What a seal is bound to: this very file, and the number of the piece. The head itself is the last number there is.
pub(super) fn place(head: &[u8], number: u64) -> Vec<u8> {
    [head, &number.to_le_bytes()].concat()
}

/// Takes numbers from bytes; `None` at the end.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(super) fn u128(&mut self) -> Option<u128> {
        self.array().map(u128::from_le_bytes)
    }

    fn text(&mut self) -> Option<String> {
        let length = u16::from_le_bytes(self.array()?);
        let bytes = self.take(usize::from(length))?;
        String::from_utf8(bytes.to_vec()).ok()
    }
}
