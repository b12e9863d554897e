//! The words for codes: kinds of change, reasons, steps, guards, laws.

use std::borrow::Cow;

use kartei_schemas::person::ChangeKind;

use crate::RunReport;
use crate::model::{DriftKind, FreshnessState, GuardVerdict, Law, StepStatus, Trigger};
use crate::voice::{Noun, Voice};

pub(crate) const PERSON: Noun = Noun { de: ("Person", "Personen"), en: ("person", "persons") };
pub(crate) const ROW: Noun = Noun { de: ("Zeile", "Zeilen"), en: ("row", "rows") };
pub(crate) const RECORD_IN: Noun = Noun { de: ("Datensatz", "Datensätzen"), en: ("record", "records") };
pub(crate) const SOURCE_IN: Noun = Noun { de: ("Quelle", "Quellen"), en: ("source", "sources") };
pub(crate) const PAIR_OF: Noun = Noun { de: ("Paar", "Paaren"), en: ("pair", "pairs") };
pub(crate) const NOTICE: Noun = Noun { de: ("Hinweis", "Hinweise"), en: ("notice", "notices") };
pub(crate) const CLUSTER: Noun = Noun { de: ("Gruppe", "Gruppen"), en: ("cluster", "clusters") };

impl Voice {
    pub(crate) const fn change_kind(self, kind: ChangeKind) -> &'static str {
        match kind {
            ChangeKind::NewMember => self.say("Neues Mitglied", "New member"),
            ChangeKind::Left => self.say("Ausgetreten", "Left"),
            ChangeKind::NewInterested => self.say("Neu interessiert", "Newly interested"),
            ChangeKind::Returned => self.say("Wieder da", "Back again"),
            ChangeKind::MovedIn => self.say("Zugezogen", "Moved in"),
            ChangeKind::MovedOut => self.say("Weggezogen", "Moved out"),
            ChangeKind::Name => self.say("Name", "Name"),
            ChangeKind::BirthDate => self.say("Geburtsdatum", "Birth date"),
            ChangeKind::Address => self.say("Anschrift", "Postal address"),
            ChangeKind::Contact => self.say("E-Mail oder Telefon", "E-mail or phone"),
            ChangeKind::Consent => self.say("Einwilligung", "Consent"),
            ChangeKind::Interest => self.say("Interessen", "Interests"),
            ChangeKind::Merged => self.say("Zusammengeführt", "Merged"),
            ChangeKind::Split => self.say("Getrennt", "Split"),
            ChangeKind::Gone => self.say("Nicht mehr vorhanden", "Gone"),
            ChangeKind::Other => self.say("Sonstiges", "Other"),
        }
    }

    /// A comparison's level.
    pub(crate) fn level(self, name: &str) -> String {
        let known = match name {
            "different" | "far" => self.say("verschieden", "different"),
            "similar" => self.say("ähnlich", "similar"),
            "initial" => self.say("Anfangsbuchstabe", "initial"),
            "nickname" => self.say("Kurzform", "short form"),
            "one_of_several" => self.say("einer von mehreren", "one of several"),
            "typo" => self.say("Tippfehler", "typing error"),
            "first" => self.say("erster gleich", "first the same"),
            "exact" => self.say("gleich", "the same"),
            "swapped" => self.say("vertauscht", "swapped"),
            "near" => self.say("nahe", "near"),
            "part" => self.say("ein Teil gleich", "a part the same"),
            "two_digits" => self.say("zwei Ziffern anders", "two digits differ"),
            "same_year" => self.say("gleiches Jahr", "same year"),
            "year_only" => self.say("nur das Jahr bekannt", "only the year is known"),
            "two_parts" => self.say("zwei Teile gleich", "two parts the same"),
            "one_digit" => self.say("eine Ziffer anders", "one digit differs"),
            "same_name" => self.say("gleicher Name darin", "same name in it"),
            "same_local_part" => self.say("vor dem @ gleich", "same before the @"),
            "same_region" => self.say("gleiche Gegend", "same region"),
            "same_city" => self.say("gleicher Ort", "same place"),
            "same_postal_code" => self.say("gleiche PLZ", "same postal code"),
            "place_only" => self.say("nur der Ort bekannt", "only the place is known"),
            "street_elsewhere" => self.say("gleiche Straße, anderer Ort", "same street, other place"),
            "house_elsewhere" => self.say("gleiches Haus, anderer Ort", "same house, other place"),
            "same_street" => self.say("gleiche Straße", "same street"),
            "near_house" => self.say("Nachbarhaus", "house nearby"),
            "same_house" => self.say("gleiches Haus", "same house"),
            "contradicts" => self.say("widerspricht", "contradicts"),
            "family" => self.say("Familienadresse", "family address"),
            "surname" => self.say("Nachname passt", "surname fits"),
            "given" => self.say("Vorname passt", "given name fits"),
            "both" => self.say("beide passen", "both fit"),
            _ => return name.replace('_', " "),
        };
        known.to_owned()
    }

    pub(crate) fn step(self, name: &str) -> Cow<'_, str> {
        let known = match name {
            "pull" => self.say("Abholen", "Pull"),
            "stage" => self.say("Ablegen", "Stage"),
            "normalise" => self.say("Vereinheitlichen", "Normalise"),
            "match" => self.say("Vergleichen", "Match"),
            "cluster" => self.say("Gruppieren", "Cluster"),
            "persons" => self.say("Personen bilden", "Persons"),
            "golden" => self.say("Zusammenführen", "Golden"),
            "diff" => self.say("Änderungen finden", "Diff"),
            "publish" => self.say("Veröffentlichen", "Publish"),
            "notify" => self.say("Benachrichtigen", "Notify"),
            "report" => self.say("Bericht", "Report"),
            _ => return Cow::Owned(name.to_owned()),
        };
        Cow::Borrowed(known)
    }

    /// What a guard watches. Its name in the settings stays beside it, since that is what `--accept-guard` takes.
    pub(crate) fn guard(self, name: &str) -> Cow<'_, str> {
        let known = match name {
            "max_changed_percent" => self.say("Anteil geänderter Personen", "share of persons changed"),
            "max_merged_percent" => self.say("Anteil zusammengeführter Personen", "share of persons merged"),
            "max_gone_percent" => self.say("Anteil verschwundener Personen", "share of persons gone"),
            "max_drop_percent" => self.say("Schwund der Quelle", "shrinkage of the source"),
            "min_rows" => self.say("Mindestzahl an Zeilen", "fewest rows"),
            "max_reject_percent" => self.say("Anteil der Zeilen in Quarantäne", "share of rows in quarantine"),
            "max_unreadable_percent" => self.say("Anteil unlesbarer Werte", "share of unreadable values"),
            "freshness" | "error_after" => self.say("Alter der Quelle", "age of the source"),
            "drift" | "on_drift" => self.say("geänderte Spalten", "changed columns"),
            _ => return Cow::Owned(name.replace('_', " ")),
        };
        Cow::Borrowed(known)
    }

    pub(crate) const fn verdict(self, verdict: GuardVerdict) -> &'static str {
        match verdict {
            GuardVerdict::Passed => self.say("eingehalten", "passed"),
            GuardVerdict::Accepted => self.say("überschritten, einmal zugelassen", "exceeded, accepted once"),
            GuardVerdict::Stopped => self.say("hat den Lauf angehalten", "stopped the run"),
        }
    }

    pub(crate) const fn freshness(self, state: FreshnessState) -> &'static str {
        match state {
            FreshnessState::Green => self.say("aktuell", "fresh"),
            FreshnessState::Amber => self.say("alternd", "ageing"),
            FreshnessState::Red => self.say("veraltet", "stale"),
        }
    }

    pub(crate) const fn drift(self, kind: DriftKind) -> &'static str {
        match kind {
            DriftKind::New => self.say("neu", "new"),
            DriftKind::Missing => self.say("fehlt", "missing"),
            DriftKind::Retyped => self.say("andere Werte als bisher", "values unlike before"),
        }
    }

    pub(crate) const fn law(self, law: Law) -> &'static str {
        match law {
            Law::Rows => self.say(
                "Gelesene Zeilen = abgelegt + Quarantäne + unverändert",
                "Rows read = staged + rejected + unchanged",
            ),
            Law::Records => {
                self.say("Jeder Datensatz liegt in genau einer Gruppe", "Every record is in exactly one cluster")
            }
            Law::Persons => self.say("Jede Gruppe ist eine Person", "Every cluster is one person"),
        }
    }

    pub(crate) const fn step_status(self, status: StepStatus) -> &'static str {
        match status {
            StepStatus::Done => self.say("fertig", "done"),
            StepStatus::Skipped => self.say("lag schon vor", "was at rest"),
            StepStatus::Failed => self.say("fehlgeschlagen", "failed"),
        }
    }

    pub(crate) const fn trigger(self, trigger: Trigger) -> &'static str {
        match trigger {
            Trigger::Schedule => self.say("nach Plan", "by schedule"),
            Trigger::Hand => self.say("von Hand", "by hand"),
        }
    }

    /// A person field's name on a page.
    pub(crate) fn field(self, report: &RunReport, name: &str) -> String {
        report.labels.get(name).map_or_else(|| name.replace('_', " "), |label| self.label(label).to_owned())
    }

    /// A source's name on a page.
    pub(crate) fn source(self, report: &RunReport, name: &str) -> String {
        let label = report.sources.iter().find(|source| source.name == name).and_then(|source| source.label.as_ref());
        label.map_or_else(|| name.to_owned(), |label| self.label(label).to_owned())
    }
}
