//! One-to-one assignment of least total cost (Hungarian method with potentials, O(n^2 m)).
//! Pure numbers: it knows neither faces nor tracks.

/// For each row its column, or `None`. `costs[row][column]`; a cost that is not finite forbids the pair, and a
/// pair is made only when it costs less than leaving both alone (`alone` each row).
pub fn assign(costs: &[Vec<f32>], columns: usize, alone: f32) -> Vec<Option<usize>> {
    let rows = costs.len();
    // Each row gets a column of its own that means "alone", so that forbidden pairs are never forced.
    let width = columns + rows;
    let cost = |row: usize, column: usize| {
        if column >= columns {
            return if column - columns == row {
                f64::from(alone)
            } else {
                1e9
            };
        }
        let value = f64::from(costs[row][column]);
        if value.is_finite() { value } else { 1e9 }
    };
    // Classic formulation with index 0 as a sentinel.
    let (mut u, mut v) = (vec![0.0; rows + 1], vec![0.0; width + 1]);
    let (mut owner, mut way) = (vec![0; width + 1], vec![0; width + 1]);
    for row in 1..=rows {
        owner[0] = row;
        let mut column = 0;
        let mut least = vec![f64::INFINITY; width + 1];
        let mut used = vec![false; width + 1];
        while owner[column] != 0 {
            used[column] = true;
            let (here, mut delta, mut next) = (owner[column], f64::INFINITY, 0);
            for other in 1..=width {
                if used[other] {
                    continue;
                }
                let reduced = cost(here - 1, other - 1) - u[here] - v[other];
                if reduced < least[other] {
                    (least[other], way[other]) = (reduced, column);
                }
                if least[other] < delta {
                    (delta, next) = (least[other], other);
                }
            }
            for other in 0..=width {
                if used[other] {
                    u[owner[other]] += delta;
                    v[other] -= delta;
                } else {
                    least[other] -= delta;
                }
            }
            column = next;
        }
        while column != 0 {
            let before = way[column];
            owner[column] = owner[before];
            column = before;
        }
    }
    let mut given = vec![None; rows];
    for column in 1..=columns {
        if owner[column] != 0 && cost(owner[column] - 1, column - 1) < 1e8 {
            given[owner[column] - 1] = Some(column - 1);
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NO: f32 = f32::INFINITY;

    fn check(costs: &[&[f32]], expect: &[Option<usize>]) {
        let columns = costs.first().map_or(0, |row| row.len());
        let costs: Vec<Vec<f32>> = costs.iter().map(|row| row.to_vec()).collect();
        assert_eq!(assign(&costs, columns, 5.0), expect, "{costs:?}");
    }

    #[test]
    fn the_cheapest_whole_wins_over_the_cheapest_pair() {
        check(&[], &[]);
        check(&[&[]], &[None]);
        check(&[&[1.0, 2.0], &[1.1, 4.0]], &[Some(1), Some(0)]);
        check(&[&[1.0], &[0.5]], &[None, Some(0)]);
        check(&[&[NO, 1.0], &[NO, 0.5]], &[None, Some(1)]);
        check(&[&[6.0]], &[None]);
        check(&[&[f32::NAN]], &[None]);
    }

    proptest! {
        #[test]
        fn no_other_assignment_is_cheaper(costs in proptest::collection::vec(proptest::collection::vec(0.0f32..9.0, 4), 1..5)) {
            let total = |given: &[Option<usize>]| -> f32 {
                given.iter().zip(&costs).map(|(column, row)| column.map_or(5.0, |c| row[c])).sum()
            };
            let found = assign(&costs, 4, 5.0);
            // Every choice of columns, counted in base 5 (4 = alone).
            for code in 0..5usize.pow(costs.len() as u32) {
                let choice: Vec<Option<usize>> =
                    (0..costs.len()).map(|row| Some(code / 5usize.pow(row as u32) % 5).filter(|c| *c < 4)).collect();
                let taken: Vec<usize> = choice.iter().flatten().copied().collect();
                let distinct = taken.iter().collect::<std::collections::BTreeSet<_>>().len() == taken.len();
                prop_assert!(!distinct || total(&found) <= total(&choice) + 1e-3);
            }
        }
    }
}
