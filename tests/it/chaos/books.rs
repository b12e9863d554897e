//! The books of an installation: what must be there once, and what must be as in a life that nothing disturbed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::chaos::database::{Reading, Values};

/// The persons as they are shown; ids come first, which chance makes.
pub(crate) const PERSONS: &str = "select id, merged_into, state, household_id, salutation, title, given_name, surname, \
    birth_surname, sex, birth_date, email, mobile, phone, street, house_number, address_extra, postal_code, city, \
    country, membership_number, cast(is_member as text), joined_on, left_on, org_unit, cast(interests as text), \
    cast(consents as text), cast(answers as text), cast(sources as text), cast(records as text) from person";
const RECORDS: &str = "select source, key, person_id, cast(present as text) from person_record";
const VALUES: &str = "select person_id, field, value, source, key, cast(survives as text), reason from person_value";
const CHANGES: &str = "select cast(r.due_at as text), c.person_id, c.kind, c.field, c.old, c.new, c.org_unit_before, \
    c.org_unit_after from change c join run r on r.id = c.run_id";
const MAILS: &str = "select cast(o.id as text), o.state, coalesce(cast(r.due_at as text), ''), o.recipient, o.subject, \
    o.text_body, o.kind from outbox o left join run r on r.id = o.run_id";
const REVIEW: &str = "select left_source, left_key, right_source, right_key, reason from review_item";
const TICKS: &str = "select job, cast(due_at as text), cast(run_id as text), state from tick";
const RUNS: &str = "select cast(id as text), state, cast(retry_of as text), job, cast(due_at as text) from run";
const EVENTS: &str = "select cast(run_id as text), state_before, state_after from run_event order by id";
const FIGURES: &str = "select cast(s.run_id as text), cast(s.statistics as text) from run_statistics s \
    join run r on r.id = s.run_id where r.state = 'succeeded' and r.job = 'nightly'";

/// What is wrong with the books.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// What should be there and is not.
    pub(crate) lost: Vec<String>,
    /// What is there more than once.
    pub(crate) doubled: Vec<String>,
    /// What is there in a form that it should never have.
    pub(crate) torn: Vec<String>,
}

impl Findings {
    pub(crate) fn add(&mut self, other: Self) {
        self.lost.extend(other.lost);
        self.doubled.extend(other.doubled);
        self.torn.extend(other.torn);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.torn.is_empty()
    }
}

/// All of it at one moment.
#[derive(Debug)]
pub(crate) struct Books {
    persons: Vec<Values>,
    records: Vec<Values>,
    values: Vec<Values>,
    changes: Vec<Values>,
    mails: Vec<Values>,
    review: Vec<Values>,
    ticks: Vec<Values>,
    runs: Vec<Values>,
    events: Vec<Values>,
    figures: Vec<Values>,
}

impl Books {
    pub(crate) fn read(url: &str) -> Option<Self> {
        let questions = [PERSONS, RECORDS, VALUES, CHANGES, MAILS, REVIEW, TICKS, RUNS, EVENTS, FIGURES];
        let [persons, records, values, changes, mails, review, ticks, runs, events, figures] =
            Reading::of(url)?.ask(questions)?;
        Some(Self { persons, records, values, changes, mails, review, ticks, runs, events, figures })
    }

    /// The persons without what chance makes.
    pub(crate) fn contents(&self) -> Vec<String> {
        contents(&self.persons)
    }

    /// Compares the persons after a night with those of the same night that nothing disturbed.
    pub(crate) fn compare_persons(&self, expected: &Self, night: usize, findings: &mut Findings) {
        compare(&format!("night {night}: person"), &self.named_persons(), &expected.named_persons(), findings);
    }

    /// Compares all that is written with what is written where nothing was disturbed, and checks the laws.
    pub(crate) fn compare(&self, expected: &Self, findings: &mut Findings) {
        compare("record", &self.named_records(), &expected.named_records(), findings);
        compare("value", &self.named_values(), &expected.named_values(), findings);
        compare("change", &self.named_changes(), &expected.named_changes(), findings);
        compare("mail", &self.notices(), &expected.notices(), findings);
        compare("review item", &lines(&self.review), &lines(&expected.review), findings);
        self.check_ticks(expected, findings);
        self.check_events(findings);
        self.check_figures(findings);
    }

    /// Each due time has one run that came to its end, and no run stands open.
    fn check_ticks(&self, expected: &Self, findings: &mut Findings) {
        let due = |books: &Self| -> BTreeSet<(String, String)> {
            books.ticks.iter().map(|tick| (tick[0].clone(), tick[1].clone())).collect()
        };
        for (job, at) in due(expected).symmetric_difference(&due(self)) {
            findings.lost.push(format!("the tick of {job} at {at} is not in both lives"));
        }
        for tick in &self.ticks {
            let mut family: BTreeSet<&str> = BTreeSet::from([tick[2].as_str()]);
            // Runs are made in order, so that a retry comes after what it retries.
            let mut runs: Vec<&Values> = self.runs.iter().collect();
            runs.sort_by_key(|run| run[0].parse::<u64>().unwrap_or_default());
            for run in runs {
                if family.contains(run[2].as_str()) {
                    family.insert(&run[0]);
                }
            }
            let effective = self.runs.iter().filter(|run| family.contains(run[0].as_str()) && run[1] == "succeeded");
            match effective.count() {
                0 => findings.lost.push(format!("the tick of {} at {} has no run that succeeded", tick[0], tick[1])),
                1 => {}
                more => findings.doubled.push(format!("the tick of {} at {} has {more} runs", tick[0], tick[1])),
            }
        }
        for run in self.runs.iter().filter(|run| ["due", "claimed", "running"].contains(&run[1].as_str())) {
            findings.lost.push(format!("run {} is {} for ever", run[0], run[1]));
        }
    }

    /// Each change of a run's state begins where the one before ended, and the last is the run's state.
    fn check_events(&self, findings: &mut Findings) {
        let mut states: BTreeMap<&str, &str> = BTreeMap::new();
        for event in &self.events {
            let before = states.insert(&event[0], &event[2]).unwrap_or_default();
            if before != event[1] {
                findings
                    .torn
                    .push(format!("run {} was {before}, and went from {} to {}", event[0], event[1], event[2]));
            }
        }
        for run in self.runs.iter().filter(|run| states.get(run[0].as_str()) != Some(&run[1].as_str())) {
            findings.torn.push(format!("run {} is {}, and its last event says otherwise", run[0], run[1]));
        }
    }

    /// The conservation law, of each run that succeeded.
    fn check_figures(&self, findings: &mut Findings) {
        for row in &self.figures {
            let Ok(report) = serde_json::from_str::<Value>(&row[1]) else {
                findings.torn.push(format!("run {} has no figures", row[0]));
                continue;
            };
            let number = |part: &Value, key: &str| part[key].as_u64().unwrap_or(u64::MAX);
            let sources = report["sources"].as_array().cloned().unwrap_or_default();
            let holds = |part: &Value| {
                number(part, "read") == number(part, "staged") + number(part, "rejected") + number(part, "unchanged")
            };
            let kept: u64 = sources.iter().map(|source| number(source, "records")).sum();
            let flow = &report["flow"];
            let all = sources.iter().all(holds) && holds(flow) && number(flow, "records") == kept;
            if !all || number(flow, "clustered") != kept || number(flow, "clusters") != number(flow, "persons") {
                findings.torn.push(format!("the figures of run {} do not add up: {flow}", row[0]));
            }
        }
    }

    /// Each mail was sent, and no mail was sent that is not in the outbox.
    pub(crate) fn check_mails(&self, taken: &BTreeSet<String>, findings: &mut Findings) {
        let number = |id: &str| id.split('.').nth(1).unwrap_or_default().to_owned();
        let taken: BTreeSet<String> = taken.iter().map(|id| number(id)).collect();
        let queued: BTreeSet<String> = self.mails.iter().map(|mail| mail[0].clone()).collect();
        for mail in &self.mails {
            if mail[1] != "sent" || !taken.contains(&mail[0]) {
                findings.lost.push(format!("mail {} is {}, and was not taken by the server", mail[0], mail[1]));
            }
        }
        findings.torn.extend(taken.difference(&queued).map(|id| format!("mail {id} was sent and is in no outbox")));
    }

    /// A name for each person that chance does not make: its first record, or what is known of it.
    fn names(&self) -> BTreeMap<&str, String> {
        let mut names: BTreeMap<&str, String> =
            self.persons.iter().map(|person| (person[0].as_str(), person[4..13].join(" "))).collect();
        let mut records: Vec<&Values> = self.records.iter().collect();
        records.sort_by(|one, other| other.cmp(one));
        names.extend(records.iter().map(|record| (record[2].as_str(), record[..2].join("/"))));
        names
    }

    fn named_persons(&self) -> Vec<String> {
        let names = self.names();
        let mut households: BTreeMap<&str, &str> = BTreeMap::new();
        for person in &self.persons {
            let name = names[person[0].as_str()].as_str();
            households.entry(&person[3]).and_modify(|first| *first = name.min(first)).or_insert(name);
        }
        let line = |person: &Values| {
            let household = if person[3].is_empty() { "" } else { households[person[3].as_str()] };
            let merged = names.get(person[1].as_str()).cloned().unwrap_or_default();
            [&names[person[0].as_str()], &merged, household].join(" | ") + &person[4..].join(" | ") + &person[2]
        };
        self.persons.iter().map(line).collect()
    }

    fn named_records(&self) -> Vec<String> {
        let names = self.names();
        let name = |record: &Values| names.get(record[2].as_str()).cloned().unwrap_or_default();
        self.records.iter().map(|it| [&it[0], &it[1], &it[3], &name(it)].map(String::as_str).join(" | ")).collect()
    }

    fn named_values(&self) -> Vec<String> {
        let names = self.names();
        let name = |id: &str| names.get(id).cloned().unwrap_or_default();
        self.values.iter().map(|it| name(&it[0]) + " | " + &it[1..].join(" | ")).collect()
    }

    fn named_changes(&self) -> Vec<String> {
        let names = self.names();
        let readable = |text: &String| names.get(text.as_str()).cloned().unwrap_or_else(|| text.clone());
        self.changes.iter().map(|it| it.iter().map(readable).collect::<Vec<_>>().join(" | ")).collect()
    }

    fn notices(&self) -> Vec<String> {
        let notices = self.mails.iter().filter(|mail| mail[6] == "notice");
        notices.map(|mail| mail[2..5].join(" | ") + &without_run(&mail[5])).collect()
    }
}

/// The persons without what chance makes, sorted.
pub(crate) fn contents(persons: &[Values]) -> Vec<String> {
    let mut lines: Vec<String> = persons.iter().map(|it| it[2].clone() + " | " + &it[4..].join(" | ")).collect();
    lines.sort();
    lines
}

fn lines(rows: &[Values]) -> Vec<String> {
    rows.iter().map(|row| row.join(" | ")).collect()
}

/// A text without the numbers of runs, of which a night with retries has more.
fn without_run(text: &str) -> String {
    let mut parts = text.split("run=");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "run=" + part.trim_start_matches(|letter: char| letter.is_ascii_digit()))
}

/// What is missing, and what is there too often or should not be.
fn compare(what: &str, found: &[String], expected: &[String], findings: &mut Findings) {
    let mut balance: BTreeMap<&str, i64> = BTreeMap::new();
    for line in expected {
        *balance.entry(line).or_default() -= 1;
    }
    for line in found {
        *balance.entry(line).or_default() += 1;
    }
    for (line, count) in balance.into_iter().filter(|(_, count)| *count != 0) {
        let is_known = expected.iter().any(|known| known == line);
        match (count < 0, is_known) {
            (true, _) => findings.lost.push(format!("{what}: {line}")),
            (false, true) => findings.doubled.push(format!("{what}: {line}")),
            (false, false) => findings.torn.push(format!("{what} that no undisturbed life has: {line}")),
        }
    }
}
