//! Where a card is in its column: numbers with gaps, so that a move writes one row.

/// Between neighbours that were not moved; half of it can be halved sixteen times.
pub(super) const GAP: i64 = 1 << 16;

/// How a card gets to its place.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// At this position.
    At(i64),
    /// There is none left: all others are to be numbered again, with `GAP` between them and twice that at the place.
    Renumber(i64),
}

/// The position behind the last one.
pub(super) fn behind(last: Option<i64>) -> i64 {
    last.map_or(GAP, |last| last + GAP)
}

/// The place before the one at `index` of others in ascending order, or behind all of them.
pub(super) fn before(others: &[i64], index: usize) -> Place {
    match (index.checked_sub(1).and_then(|index| others.get(index)), others.get(index)) {
        (previous, None) => Place::At(behind(previous.copied())),
        (None, Some(next)) => Place::At(next - GAP),
        (Some(previous), Some(next)) if next - previous >= 2 => Place::At(previous + (next - previous) / 2),
        (Some(_), Some(_)) => Place::Renumber((index as i64 + 1) * GAP),
    }
}

/// The position of the other one at `index`, when a place is made before the one at `place`.
pub(super) fn renumbered(index: usize, place: usize) -> i64 {
    (index as i64 + 1 + i64::from(index >= place)) * GAP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_have_room() {
        assert_eq!(before(&[], 0), Place::At(GAP));
        assert_eq!(before(&[5, 9], 0), Place::At(5 - GAP));
        assert_eq!(before(&[5, 9], 2), Place::At(9 + GAP));
    }

    #[test]
    fn a_gap_is_halved_until_there_is_none() {
        let (mut others, mut moves) = (vec![GAP, 2 * GAP], 0);
        let place = loop {
            match before(&others, 1) {
                Place::At(position) => {
                    assert!(others[0] < position && position < others[1], "{others:?}, {position}");
                    others.insert(1, position);
                    moves += 1;
                }
                place => break place,
            }
        };
        assert_eq!((place, moves), (Place::Renumber(2 * GAP), 16));
    }

    #[test]
    fn what_is_numbered_again_leaves_the_place_free() {
        let others: Vec<_> = (0..3).map(|index| renumbered(index, 1)).collect();
        assert_eq!((before(&[1, 2, 3], 1), others), (Place::Renumber(2 * GAP), vec![GAP, 3 * GAP, 4 * GAP]));
    }
}
