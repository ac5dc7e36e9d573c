//! Whether two orders are about one person: what people decided about a pair. Must not decide itself (a person does),
//! nor join orders: one ban stays one order (UU 6/2011 Art 91).

use serde::{Deserialize, Serialize};

use crate::id::OrderId;

/// What a person decided about two orders; taken back by another decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SamePerson {
    /// Both are about one person.
    Same,
    /// They are about two people.
    NotSame,
    /// Nobody knows (again).
    Undecided,
}

impl SamePerson {
    /// Every decision, in the order shown.
    pub const ALL: [SamePerson; 3] = [Self::Same, Self::NotSame, Self::Undecided];

    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::NotSame => "not_same",
            Self::Undecided => "undecided",
        }
    }
}

/// Two orders in the order in which their pair is recorded: it is one pair, from whichever side it is looked at.
pub fn pair(one: OrderId, other: OrderId) -> Option<(OrderId, OrderId)> {
    match one.cmp(&other) {
        std::cmp::Ordering::Less => Some((one, other)),
        std::cmp::Ordering::Greater => Some((other, one)),
        std::cmp::Ordering::Equal => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_pair_is_the_same_from_both_sides() {
        let (a, b) = (OrderId(Uuid::from_u128(1)), OrderId(Uuid::from_u128(2)));
        assert_eq!(pair(a, b), Some((a, b)));
        assert_eq!(pair(b, a), Some((a, b)));
        assert_eq!(pair(a, a), None);
    }
}
