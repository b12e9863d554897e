//! Something for each thread, made when the thread first asks for it, and kept for the next time.

use std::sync::{Mutex, PoisonError};

/// One `T` a thread of the pool, and one for whoever stands outside.
pub(crate) struct PerThread<T> {
    places: Vec<Mutex<Option<T>>>,
}

impl<T> PerThread<T> {
    pub(crate) fn new() -> Self {
        Self { places: (0..=rayon::current_num_threads()).map(|_| Mutex::new(None)).collect() }
    }

    /// Works with this thread's own, which `make` makes where there is none yet. `work` must not ask for it again.
    pub(crate) fn with<R>(&self, make: impl FnOnce() -> T, work: impl FnOnce(&mut T) -> R) -> R {
        let thread = rayon::current_thread_index().map_or(0, |index| index + 1);
        // Nobody waits here: the place is this thread's own.
        let mut place = self.places[thread].lock().unwrap_or_else(PoisonError::into_inner);
        work(place.get_or_insert_with(make))
    }
}
