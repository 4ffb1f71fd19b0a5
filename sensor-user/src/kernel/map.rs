//! Maps read and written many entries at a time (`BPF_MAP_*_BATCH`), which aya does one by one.

use std::{
    io,
    marker::PhantomData,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd},
    sync::Arc,
    thread,
    time::Duration,
};

use aya::{Pod, maps::MapData};

use super::Lack;

const BPF_MAP_LOOKUP_BATCH: libc::c_long = 24;
const BPF_MAP_UPDATE_BATCH: libc::c_long = 26;
const BPF_MAP_DELETE_BATCH: libc::c_long = 27;

/// Entries a call: the kernel holds so many at once.
const BATCH: usize = 4096;

/// Maps that take memory as they fill refill their reserve apart from the caller, who may be faster.
const REFILL: Duration = Duration::from_millis(2);
const REFILLS: u32 = 500;

/// A map of these keys and values; with a value per processor, `each` of them.
pub(crate) struct KernelMap<K, V> {
    data: Arc<MapData>,
    each: usize,
    types: PhantomData<(K, V)>,
}

impl<K: Pod, V: Pod> KernelMap<K, V> {
    /// Refuses a map whose keys or values have another size.
    pub(crate) fn new(data: MapData) -> Result<Self, Lack> {
        Self::with_values(data, 1)
    }

    /// With a value for each processor that this machine may ever have.
    pub(crate) fn per_processor(data: MapData) -> Result<Self, Lack> {
        let processors = aya::util::nr_cpus()
            .map_err(|(path, error)| Lack::new(format!("{path}: {error}"), "mount sysfs"))?;
        Self::with_values(data, processors)
    }

    fn with_values(data: MapData, each: usize) -> Result<Self, Lack> {
        let info = data.info().map_err(|error| unlike(&super::explain(&error)))?;
        let (key, value) = (info.key_size() as usize, info.value_size() as usize);
        if (key, value) != (size_of::<K>(), size_of::<V>()) {
            return Err(unlike(&format!("map of {key}-byte keys and {value}-byte values")));
        }
        Ok(Self { data: Arc::new(data), each, types: PhantomData })
    }

    /// The same map, for another thread. The kernel takes care that they do not meet.
    pub(crate) fn share(&self) -> Self {
        Self { data: Arc::clone(&self.data), each: self.each, types: PhantomData }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.data.fd().as_fd()
    }

    /// How many values an entry has.
    pub(crate) fn values_each(&self) -> usize {
        self.each
    }

    /// Every entry, with one value or one for each processor. Entries that are there throughout come once; of those
    /// that come and go meanwhile some may be missing.
    pub(crate) fn read(&self, mut entry: impl FnMut(K, &[V])) -> io::Result<()> {
        let mut keys: Vec<K> = vec![zeroed(); BATCH];
        let mut values: Vec<V> = vec![zeroed(); BATCH * self.each];
        // Where the last call ended: a key, or for hash tables the number of a bucket.
        let mut place = vec![0; size_of::<K>().max(size_of::<u32>())];
        let mut next = place.clone();
        let mut first = true;
        loop {
            let mut batch = Batch {
                start: if first { 0 } else { place.as_ptr() as u64 },
                end: next.as_mut_ptr() as u64,
                keys: keys.as_mut_ptr() as u64,
                values: values.as_mut_ptr() as u64,
                ..self.batch(BATCH)
            };
            let done = batch.call(BPF_MAP_LOOKUP_BATCH);
            let end = match done {
                Ok(()) => false,
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
                // Interrupted by changes: it goes on from where it came to.
                Err(error) if error.raw_os_error() == Some(libc::EINTR) => false,
                Err(error) => return Err(error),
            };
            for (key, values) in keys.iter().zip(values.chunks(self.each)).take(batch.count as usize) {
                entry(*key, values);
            }
            if end {
                return Ok(());
            }
            std::mem::swap(&mut place, &mut next);
            first = false;
        }
    }

    /// Adds or changes; a packet meets the old value or the new one, never none. `values` holds one for each key, or
    /// one for each key and processor. What is in front of an error is done.
    pub(crate) fn insert(&mut self, keys: &[K], values: &[V]) -> io::Result<()> {
        for (keys, values) in keys.chunks(BATCH).zip(values.chunks(BATCH * self.each)) {
            let (mut done, mut waited) = (0, 0);
            while done < keys.len() {
                let (keys, values) = (keys.get(done..), values.get(done * self.each..));
                let (keys, values) = (keys.unwrap_or_default(), values.unwrap_or_default());
                let mut batch = Batch {
                    keys: keys.as_ptr() as u64,
                    values: values.as_ptr() as u64,
                    ..self.batch(keys.len())
                };
                match batch.call(BPF_MAP_UPDATE_BATCH) {
                    Err(error) if error.raw_os_error() == Some(libc::ENOMEM) && waited < REFILLS => {
                        waited = if batch.count > 0 { 0 } else { waited + 1 };
                        thread::sleep(REFILL);
                    }
                    result => result?,
                }
                done += batch.count as usize;
            }
        }
        Ok(())
    }

    /// What is not there need not be removed.
    pub(crate) fn remove(&mut self, keys: &[K]) -> io::Result<()> {
        for keys in keys.chunks(BATCH) {
            let mut done = 0;
            while done < keys.len() {
                let keys = keys.get(done..).unwrap_or_default();
                let mut batch = Batch { keys: keys.as_ptr() as u64, ..self.batch(keys.len()) };
                match batch.call(BPF_MAP_DELETE_BATCH) {
                    Err(error) if error.raw_os_error() == Some(libc::ENOENT) => done += 1,
                    result => result?,
                }
                done += batch.count as usize;
            }
        }
        Ok(())
    }

    fn batch(&self, count: usize) -> Batch {
        Batch {
            map: self.fd().as_raw_fd().unsigned_abs(),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            ..Batch::default()
        }
    }
}

/// `batch` of `union bpf_attr` (linux/bpf.h).
#[repr(C)]
#[derive(Default)]
struct Batch {
    start: u64,
    end: u64,
    keys: u64,
    values: u64,
    count: u32,
    map: u32,
    entry_flags: u64,
    flags: u64,
}

impl Batch {
    /// `count` says afterwards how many entries the kernel got to, also where it stopped with an error.
    fn call(&mut self, command: libc::c_long) -> io::Result<()> {
        let asked = self.count;
        // SAFETY: the kernel reads and writes `count` keys and values of the map's sizes, for which the callers made
        // room and whose sizes were compared when the map was opened.
        let result =
            unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(self), size_of::<Self>()) };
        if result == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        // Refused as a whole, before it said how far it came.
        if self.count == asked && command != BPF_MAP_LOOKUP_BATCH {
            self.count = 0;
        }
        Err(error)
    }
}

fn zeroed<T: Pod>() -> T {
    // SAFETY: plain old data, of which every pattern of bits is a value.
    unsafe { std::mem::zeroed() }
}

fn unlike(what: &str) -> Lack {
    Lack::new(
        what.to_owned(),
        "the pinned maps are not this version's: run `sensor detach`, then start again",
    )
}
