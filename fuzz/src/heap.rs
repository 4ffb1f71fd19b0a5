//! Heap bytes that this thread holds in small blocks, to hold what the sensor says of its memory against.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

pub(crate) fn held() -> isize {
    HELD.get()
}

/// Blocks of this size and more are not counted: windows of decoders, which take up room only as they are written.
const LARGE: usize = 64 << 10;

struct Counting;

impl Counting {
    fn add(taken: usize, given: usize) {
        let counted = |size: usize| if size < LARGE { size.cast_signed() } else { 0 };
        // A thread that ends may free after its locals are gone.
        HELD.try_with(|held| held.set(held.get() + counted(taken) - counted(given))).ok();
    }
}

// SAFETY: everything is left to the system's allocator; the count is a number without a destructor, so that neither
// reading nor changing it allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::add(layout.size(), 0);
        // SAFETY: the caller's promises are passed on as they are.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::add(layout.size(), 0);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::add(0, layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::add(size, layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
