//! What waits to be written: small pieces in one flat buffer, large ones and files where they are.

use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::fs::File;
use std::io::IoSlice;
use std::sync::Arc;

/// Up to this size copying a body (a few hundred nanoseconds at most) is cheaper than another segment, and
/// one contiguous write the cheapest.
const COPIED: usize = 16 << 10;

/// A larger flat buffer is not kept once it is written: it was needed for one large response.
const KEPT: usize = 128 << 10;

/// As many segments as one vectored write takes.
pub(crate) const SLICES: usize = 32;

/// A queue of bytes on their way out.
#[derive(Debug, Default)]
pub(crate) struct Output {
    flat: Vec<u8>,
    /// How much of `flat` is written.
    done: usize,
    /// What comes between the bytes of `flat`: each after so many of them.
    between: VecDeque<(usize, Segment)>,
    /// Bytes not written yet, all together.
    len: u64,
}

#[derive(Debug)]
enum Segment {
    Shared(Bytes),
    File { file: Arc<File>, offset: u64, len: u64 },
}

/// What is to be written next.
pub(crate) enum Next<'a> {
    Nothing,
    Flat(&'a [u8]),
    /// Several pieces, which [`Output::slices`] lists.
    Slices,
    File {
        file: Arc<File>,
        offset: u64,
        len: u64,
    },
}

impl Output {
    /// Appends what `write` writes to the flat buffer.
    #[inline]
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.flat.len();
        write(&mut self.flat);
        self.len += (self.flat.len() - before) as u64;
    }

    #[inline]
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.flat.extend_from_slice(bytes);
        self.len += bytes.len() as u64;
    }

    #[inline]
    pub(crate) fn push_body(&mut self, data: Bytes) {
        if data.len() <= COPIED {
            self.push(&data);
        } else {
            self.len += data.len() as u64;
            self.between.push_back((self.flat.len(), Segment::Shared(data)));
        }
    }

    pub(crate) fn push_file(&mut self, file: Arc<File>, offset: u64, len: u64) {
        if len > 0 {
            self.len += len;
            self.between.push_back((self.flat.len(), Segment::File { file, offset, len }));
        }
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether small pieces can be appended without asking for memory.
    pub(crate) fn has_memory(&self) -> bool {
        self.flat.capacity() > 0
    }

    /// Drops everything. The flat buffer stays, unless it grew large.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.flat.clear();
        if self.flat.capacity() > KEPT {
            self.flat = Vec::new();
        }
        if !self.between.is_empty() {
            self.between.clear();
        }
        (self.done, self.len) = (0, 0);
    }

    pub(crate) fn next(&self) -> Next<'_> {
        match self.between.front() {
            None if self.len == 0 => Next::Nothing,
            None => Next::Flat(&self.flat[self.done..]),
            Some((at, Segment::File { file, offset, len })) if *at == self.done => {
                Next::File { file: Arc::clone(file), offset: *offset, len: *len }
            }
            Some(_) => Next::Slices,
        }
    }

    /// Lists the pieces up to the next file, as many as there is room for, and says how many.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
        let (mut count, mut position) = (0, self.done);
        for (at, segment) in &self.between {
            // Each turn takes two at most, and the rest of the flat buffer one.
            if count + 3 > SLICES {
                return count;
            }
            if *at > position {
                slices[count] = IoSlice::new(&self.flat[position..*at]);
                count += 1;
                position = *at;
            }
            let Segment::Shared(data) = segment else { return count };
            slices[count] = IoSlice::new(data);
            count += 1;
        }
        if position < self.flat.len() {
            slices[count] = IoSlice::new(&self.flat[position..]);
            count += 1;
        }
        count
    }

    /// Takes note that the first `count` bytes are written.
    pub(crate) fn advance(&mut self, mut count: u64) {
        self.len -= count;
        if self.len == 0 {
            return self.clear();
        }
        while count > 0 {
            let Some((at, segment)) = self.between.front_mut() else {
                self.done += count as usize;
                return;
            };
            let flat = (*at - self.done).min(count as usize);
            self.done += flat;
            count -= flat as u64;
            if count == 0 {
                return;
            }
            let (written, empty) = match segment {
                Segment::Shared(data) => {
                    let written = (data.len() as u64).min(count);
                    data.advance(written as usize);
                    (written, data.is_empty())
                }
                Segment::File { offset, len, .. } => {
                    let written = (*len).min(count);
                    *offset += written;
                    *len -= written;
                    (written, *len == 0)
                }
            };
            count -= written;
            if empty {
                self.between.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes everything in steps of at most `step` bytes.
    fn drain(output: &mut Output, step: usize) -> Vec<u8> {
        let mut written = Vec::new();
        loop {
            let piece = match output.next() {
                Next::Nothing => return written,
                Next::Flat(bytes) => bytes[..bytes.len().min(step)].to_vec(),
                Next::Slices => {
                    let mut slices = [IoSlice::new(&[]); SLICES];
                    let count = output.slices(&mut slices);
                    let all: Vec<u8> =
                        slices[..count].iter().flat_map(|slice| slice.iter()).take(step).copied().collect();
                    assert!(!all.is_empty());
                    all
                }
                Next::File { offset, len, .. } => vec![b'0' + offset as u8; len.min(step as u64) as usize],
            };
            output.advance(piece.len() as u64);
            written.extend(piece);
        }
    }

    #[test]
    fn order_is_kept_however_little_is_written_at_a_time() {
        let file = Arc::new(File::open("/dev/null").unwrap());
        for step in [7, 1000, COPIED, usize::MAX] {
            let (mut output, mut expected) = (Output::default(), Vec::new());
            for round in 0..40u8 {
                let small = vec![b'a' + round % 26; round as usize];
                let large = Bytes::from(vec![b'A' + round % 26; COPIED + 1]);
                output.push(&small);
                expected.extend(&small);
                expected.extend(&large);
                output.push_body(large);
            }
            output.push_file(Arc::clone(&file), 0, 1);
            output.append(|flat| flat.extend_from_slice(b"end"));
            expected.extend(b"0end");
            assert_eq!(output.len(), expected.len() as u64);
            assert!(drain(&mut output, step) == expected, "step {step}");
            assert!(output.is_empty());
        }
    }

    #[test]
    fn a_large_buffer_is_not_kept() {
        let mut output = Output::default();
        for _ in 0..9 {
            output.push(&[0; COPIED]);
        }
        drain(&mut output, usize::MAX);
        assert_eq!(output.flat.capacity(), 0);
    }
}
