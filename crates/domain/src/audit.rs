//! The audit chain: each row's hash covers its content and the hash before it, so a changed, removed or
//! reordered row breaks every later hash. Must not store anything: the store writes rows in the change's transaction.

use sha2::{Digest, Sha256};

use crate::time::UtcMs;

/// Hash before the first row.
pub const GENESIS: [u8; 32] = [0; 32];

/// What one audit row says. Never a name, face, document number or token: ids and codes only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Position, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: UtcMs,
    /// Who: `account:<id>`, `edge:<id>`, `clock` or `system`.
    pub actor: String,
    /// What, as `noun.past_participle`, such as `alert.opinion_given`.
    pub action: String,
    /// On what: `alert:<id>`.
    pub subject: String,
    /// More, as canonical JSON text.
    pub detail: String,
}

/// Hash of a row chained to the one before. Fields are length-prefixed so that no two rows share an encoding.
pub fn link(previous: &[u8; 32], row: &Row) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"tapal-audit-1");
    hash.update(previous);
    hash.update(row.seq.to_be_bytes());
    hash.update(row.at.0.to_be_bytes());
    for field in [&row.actor, &row.action, &row.subject, &row.detail] {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field.as_bytes());
    }
    hash.finalize().into()
}

/// Where a chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A row is missing or out of order.
    #[error("row {expected} is missing: the chain goes on with {found}")]
    Gap {
        /// The number that should follow.
        expected: i64,
        /// The number found.
        found: i64,
    },
    /// A row or its hash was changed.
    #[error("row {seq} does not fit its hash: it or an earlier row was changed")]
    Changed {
        /// The first row that does not fit.
        seq: i64,
    },
}

/// Checks a chain row by row without holding it in memory.
#[derive(Clone, Debug)]
pub struct Verifier {
    next: i64,
    head: [u8; 32],
}

impl Default for Verifier {
    fn default() -> Self {
        Self {
            next: 1,
            head: GENESIS,
        }
    }
}

impl Verifier {
    /// Takes the next row and its stored hash.
    pub fn push(&mut self, row: &Row, stored: &[u8]) -> Result<(), Broken> {
        if row.seq != self.next {
            return Err(Broken::Gap {
                expected: self.next,
                found: row.seq,
            });
        }
        let hash = link(&self.head, row);
        if hash != stored {
            return Err(Broken::Changed { seq: row.seq });
        }
        self.head = hash;
        self.next += 1;
        Ok(())
    }

    /// Rows accepted so far and the hash of the last one.
    pub fn head(&self) -> (i64, [u8; 32]) {
        (self.next - 1, self.head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(n: i64) -> Vec<(Row, [u8; 32])> {
        let mut head = GENESIS;
        (1..=n)
            .map(|seq| {
                let row = Row {
                    seq,
                    at: UtcMs(seq * 10),
                    actor: "clock".into(),
                    action: "alert.expired".into(),
                    subject: format!("alert:{seq}"),
                    detail: "{}".into(),
                };
                head = link(&head, &row);
                (row, head)
            })
            .collect()
    }

    fn verify(rows: &[(Row, [u8; 32])]) -> Result<(), Broken> {
        let mut verifier = Verifier::default();
        rows.iter()
            .try_for_each(|(row, hash)| verifier.push(row, hash))
    }

    #[test]
    fn any_changed_or_removed_row_is_found() {
        assert_eq!(verify(&chain(5)), Ok(()));
        for i in 0..5 {
            let seq = i as i64 + 1;
            for change in [
                (|r: &mut Row| r.at = r.at + 1) as fn(&mut Row),
                |r| r.actor.push('x'),
                |r| r.action.push('x'),
                |r| r.subject.push('x'),
                |r| r.detail.push(' '),
            ] {
                let mut rows = chain(5);
                change(&mut rows[i].0);
                assert_eq!(verify(&rows), Err(Broken::Changed { seq }));
            }
            let mut rows = chain(5);
            rows.remove(i);
            assert_eq!(
                verify(&rows).is_err(),
                i < 4,
                "only a cut tail needs the signed head to be seen"
            );
        }
    }

    #[test]
    fn text_cannot_move_between_fields() {
        let row = |actor: &str, action: &str| Row {
            seq: 1,
            at: UtcMs(0),
            actor: actor.into(),
            action: action.into(),
            subject: String::new(),
            detail: String::new(),
        };
        assert_ne!(
            link(&GENESIS, &row("ab", "c")),
            link(&GENESIS, &row("a", "bc"))
        );
    }
}
