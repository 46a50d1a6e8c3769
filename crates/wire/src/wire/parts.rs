//! Parts of a format: those with a length of their own, those that repeat, and
//! those that may be read in a second way.

use super::{Side, Wire};
use crate::layout::{DecodeError, Problem};

impl Wire<'_> {
    /// A region of `length_bytes`: when reading, `lay` sees no further, and must use all of it.
    pub fn region<T>(
        &mut self,
        name: &'static str,
        length_bytes: usize,
        lay: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        if !self.is_reading() {
            return lay(self);
        }
        let needed = self.require(name, length_bytes.saturating_mul(8));
        let outer = self.limit;
        // A region that is cut off is still laid as far as it goes: a tree shows that part.
        self.limit = self.position.saturating_add(length_bytes.saturating_mul(8)).min(outer);
        let result = lay(self);
        let left_bytes = self.remaining_bytes();
        self.limit = outer;
        needed?;
        let value = result?;
        if left_bytes > 0 {
            let problem = Problem::LeftOver { bytes: left_bytes };
            return Err(DecodeError { field: name, offset_bytes: self.position_bytes(), problem });
        }
        Ok(value)
    }

    /// A group that a length field of `prefix_bytes` (1 to 4) begins, as TLS has them
    /// (RFC 8446 section 3.4).
    pub fn vector<T>(
        &mut self,
        name: &'static str,
        prefix_bytes: usize,
        lay: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        self.group(name, |wire| wire.counted("length", prefix_bytes, 0, lay))
    }

    /// A length field of `prefix_bytes` and what it counts: `before_bytes` that came before
    /// (itself included, where the format counts that), and all that `lay` lays.
    pub fn counted<T>(
        &mut self,
        name: &'static str,
        prefix_bytes: usize,
        before_bytes: usize,
        lay: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let mut length = 0u32;
        let prefix_at = self.position_bytes();
        self.bits(name, prefix_bytes * 8, &mut length)?;
        let length_bytes = match (length as usize).checked_sub(before_bytes) {
            Some(length_bytes) => length_bytes,
            None if self.is_reading() => {
                return Err(self.malformed(name, "smaller than what it counts"));
            }
            None => 0,
        };
        let result = self.region(name, length_bytes, lay);
        self.settle_length(prefix_at, prefix_bytes, before_bytes);
        result
    }

    /// Writes into the prefix at `prefix_at` how much was written since; cuts what is too much.
    fn settle_length(&mut self, prefix_at: usize, prefix_bytes: usize, before_bytes: usize) {
        let Side::Write(out) = &mut self.side else { return };
        let length_max = (1usize << (prefix_bytes * 8)) - 1 - before_bytes;
        out.truncate(prefix_at + prefix_bytes + length_max);
        let length = out.len() - prefix_at - prefix_bytes + before_bytes;
        let prefix = &length.to_be_bytes()[size_of::<usize>() - prefix_bytes..];
        out[prefix_at..prefix_at + prefix_bytes].copy_from_slice(prefix);
        self.position = out.len() * 8;
    }

    /// Lays `strict`, which must use the whole region; where that cannot be read, goes back and
    /// lays `lenient` instead, which is told why. When writing, `strict` is all there is.
    pub fn strict_or<V>(
        &mut self,
        value: &mut V,
        strict: impl FnOnce(&mut V, &mut Self) -> Result<(), DecodeError>,
        lenient: impl FnOnce(&mut V, &mut Self, DecodeError) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let start = self.position;
        let recorded = self.open.last().map_or(0, |group| group.children.len());
        let strict_result = strict(value, self).and_then(|()| match self.remaining_bytes() {
            0 => Ok(()),
            bytes => {
                let problem = Problem::LeftOver { bytes };
                Err(DecodeError { field: "data", offset_bytes: self.position_bytes(), problem })
            }
        });
        let Err(error) = strict_result else { return Ok(()) };
        self.position = start;
        if let Some(group) = self.open.last_mut() {
            group.children.truncate(recorded);
        }
        lenient(value, self, error)
    }

    /// Ends what is written at `end_bytes` of the buffer: with zeros up to there, or cut; nothing
    /// when reading.
    pub fn end_at(&mut self, end_bytes: usize) {
        if let Side::Write(out) = &mut self.side {
            out.resize(end_bytes, 0);
            self.position = end_bytes * 8;
        }
    }

    /// Items until the region ends.
    pub fn each<T: Default>(
        &mut self,
        items: &mut Vec<T>,
        lay: impl FnMut(&mut Self, &mut T) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.each_of(items, T::default, lay)
    }

    /// Items until the region ends, each read into a `blank` one.
    pub fn each_of<T>(
        &mut self,
        items: &mut Vec<T>,
        blank: impl Fn() -> T,
        lay: impl FnMut(&mut Self, &mut T) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.each_while(items, blank, lay, |_, _| true)
    }

    /// Items until the region ends or `goes_on`, told of the last item, says no.
    pub fn each_while<T>(
        &mut self,
        items: &mut Vec<T>,
        blank: impl Fn() -> T,
        mut lay: impl FnMut(&mut Self, &mut T) -> Result<(), DecodeError>,
        goes_on: impl Fn(&Self, Option<&T>) -> bool,
    ) -> Result<(), DecodeError> {
        if !self.is_reading() {
            return items.iter_mut().try_for_each(|item| lay(self, item));
        }
        items.clear();
        while self.remaining_bytes() > 0 && goes_on(self, items.last()) {
            let before = self.position;
            let mut item = blank();
            let result = lay(self, &mut item);
            items.push(item);
            result?;
            if self.position == before {
                return Err(self.malformed("list", "an item of no length"));
            }
        }
        Ok(())
    }

    /// As many items as a count field said.
    pub fn repeat<T: Default>(
        &mut self,
        count: usize,
        items: &mut Vec<T>,
        mut lay: impl FnMut(&mut Self, &mut T) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        if !self.is_reading() {
            return items.iter_mut().try_for_each(|item| lay(self, item));
        }
        items.clear();
        for _ in 0..count {
            let mut item = T::default();
            let result = lay(self, &mut item);
            items.push(item);
            result?;
        }
        Ok(())
    }
}
