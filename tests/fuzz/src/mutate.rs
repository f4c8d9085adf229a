//! Making an input out of others.

use crate::noise::Noise;

/// Numbers that break things: ends of ranges, and lengths as WebAssembly
/// writes them.
const EDGES: [&[u8]; 7] = [
    &[0],
    &[0xff],
    &[0x7f],
    &[0x80],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0x80, 0x80, 0x80, 0x80, 0x80],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
];

/// One of `pool`, changed in one to four places.
pub(crate) fn mutated(pool: &[Vec<u8>], words: &[&[u8]], noise: &mut Noise) -> Vec<u8> {
    let mut input = noise.pick(pool).cloned().unwrap_or_default();
    for _ in 0..=noise.below(4) {
        change(&mut input, pool, words, noise);
    }
    input
}

fn change(input: &mut Vec<u8>, pool: &[Vec<u8>], words: &[&[u8]], noise: &mut Noise) {
    let at = noise.below(input.len() + 1);
    match noise.below(8) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << noise.below(8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = noise.number() as u8;
            }
        }
        2 => input.truncate(at),
        3 => {
            let end = (at + noise.below(32)).min(input.len());
            input.drain(at..end);
        }
        4 => insert(input, at, noise.pick(words).copied().unwrap_or_default()),
        5 => insert(input, at, noise.pick(&EDGES).copied().unwrap_or_default()),
        6 => {
            // A piece of another one.
            let other = noise.pick(pool).cloned().unwrap_or_default();
            let from = noise.below(other.len() + 1);
            let to = (from + noise.below(64)).min(other.len());
            insert(input, at, other.get(from..to).unwrap_or_default());
        }
        _ => {
            // The same again, a few times.
            let end = (at + noise.below(16)).min(input.len());
            let piece = input.get(at..end).unwrap_or_default().repeat(1 + noise.below(64));
            insert(input, at, &piece);
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    input.splice(at..at, piece.iter().copied());
}
