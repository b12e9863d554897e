//! Who puts a frame at rest, as its name tells.

use crate::Lease;

/// An attempt at a run. Its number and its fencing token are part of every name that it gives, so that nobody else gives the
/// same, however late a frame comes to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Writer {
    /// The run.
    pub run_id: i64,
    /// The fencing token of the attempt.
    pub token: i64,
}

impl Writer {
    /// The attempt that holds a lease.
    pub const fn of_lease(lease: &Lease) -> Self {
        Self { run_id: lease.run_id, token: lease.token }
    }

    /// The name of what a step leaves.
    pub fn name(self, what: &str) -> String {
        format!("runs/{}-{}/{what}", self.run_id, self.token)
    }

    /// The name of a source's page.
    pub fn page_name(self, source: &str, number: u32) -> String {
        format!("batches/{source}/{}-{}-{number}", self.run_id, self.token)
    }

    /// The attempt that gave a frame its name; none where the name is not one of ours.
    pub fn by_name(name: &str) -> Option<Self> {
        let mut parts = name.split('/');
        let (place, folder, file) = (parts.next()?, parts.next()?, parts.next()?);
        let text = match place {
            "runs" => folder,
            "batches" => file,
            _ => return None,
        };
        let mut numbers = text.split('-').map(str::parse);
        Some(Self { run_id: numbers.next()?.ok()?, token: numbers.next()?.ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_known_by_the_attempt_in_its_name() {
        let writer = Writer { run_id: 17, token: 2 };
        for name in [writer.name("pairs"), writer.page_name("members", 0), format!("{}.2", writer.name("pairs"))] {
            assert_eq!(Writer::by_name(&name), Some(writer), "{name}");
        }
        for other in ["runs/notes/pairs", "batches/members/readme", "reports/17-2/x", "runs/17-2"] {
            assert_eq!(Writer::by_name(other), None, "{other}");
        }
    }
}
