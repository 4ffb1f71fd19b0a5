use std::{
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use brotli_decompressor::{Allocator, SliceWrapper, SliceWrapperMut};

/// Sum of what a decoder has allocated.
#[derive(Clone, Default)]
pub(super) struct Meter(Arc<AtomicUsize>);

/// Gives a decoder memory, and counts it.
pub(super) struct Metered<T> {
    meter: Meter,
    kind: PhantomData<T>,
}

/// A piece of it.
pub(super) struct Piece<T> {
    items: Vec<T>,
    counted: usize,
    meter: Option<Meter>,
}

/// No table has so many bytes: it is the ring buffer, which is charged as it fills.
const RING: usize = 64 << 10;

impl Meter {
    pub(super) fn allocator<T>(&self) -> Metered<T> {
        Metered { meter: self.clone(), kind: PhantomData }
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl<T: Clone + Default> Allocator<T> for Metered<T> {
    type AllocatedMemory = Piece<T>;

    fn alloc_cell(&mut self, len: usize) -> Piece<T> {
        let is_ring = size_of::<T>() == 1 && len >= RING;
        let counted = if is_ring { 0 } else { len.saturating_mul(size_of::<T>()) };
        self.meter.0.fetch_add(counted, Ordering::Relaxed);
        Piece { items: vec![T::default(); len], counted, meter: Some(self.meter.clone()) }
    }

    fn free_cell(&mut self, piece: Piece<T>) {
        drop(piece);
    }
}

impl<T> Drop for Piece<T> {
    fn drop(&mut self) {
        if let Some(Meter(bytes)) = &self.meter {
            bytes.fetch_sub(self.counted, Ordering::Relaxed);
        }
    }
}

impl<T> Default for Piece<T> {
    fn default() -> Self {
        Self { items: Vec::new(), counted: 0, meter: None }
    }
}

impl<T> SliceWrapper<T> for Piece<T> {
    fn slice(&self) -> &[T] {
        &self.items
    }
}

impl<T> SliceWrapperMut<T> for Piece<T> {
    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.items
    }
}
