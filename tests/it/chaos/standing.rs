//! How the runs of a life stand, as its store has it.

use crate::chaos::database::Reading;

/// How the runs stand.
pub(crate) struct Standing {
    /// Whether a run is under way, as the database has it.
    pub(crate) active: bool,
    /// The nights, from 1, whose run has succeeded.
    pub(crate) over: usize,
    /// A night's run that a guard has stopped, and that nobody has tried again.
    pub(crate) stopped: Option<String>,
}

impl Standing {
    pub(crate) fn look(reading: &mut Reading) -> Option<Self> {
        let under_way = "select job from run where state in ('claimed', 'running')";
        let over = "select cast(count(distinct r.due_at) as text) from run r join tick t on t.job = r.job \
                    and t.due_at = r.due_at where r.state = 'succeeded'";
        let stopped = "select cast(r.id as text) from run r join tick t on t.job = r.job and t.due_at = r.due_at \
                       where r.state = 'stopped' and not exists (select 1 from run later where later.job = r.job \
                       and later.due_at = r.due_at and later.id > r.id) order by r.id desc";
        let [under_way, over, stopped] = reading.ask([under_way, over, stopped])?;
        let stopped = stopped.first().map(|run| run[0].clone());
        Some(Self { active: !under_way.is_empty(), over: over[0][0].parse().ok()?, stopped })
    }

    pub(crate) fn is_over(&self, night: usize) -> bool {
        self.over >= night && !self.active
    }
}
