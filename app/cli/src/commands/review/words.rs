//! What the review says, in German and English.

use kartei_schemas::org::Language;

/// The texts of one language.
pub(super) struct Words {
    pub(super) keys: &'static str,
    pub(super) last: &'static str,
    pub(super) help: &'static str,
    pub(super) reason: &'static str,
    pub(super) nothing: &'static str,
    pub(super) nothing_to_undo: &'static str,
    pub(super) taken_back: &'static str,
    pub(super) not_understood: &'static str,
    pub(super) next: &'static str,
    language: Language,
}

/// What was done in a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) same: usize,
    pub(super) different: usize,
    pub(super) unsure: usize,
    pub(super) skipped: usize,
    /// Pairs that were not asked, because their answer follows.
    pub(super) followed: usize,
    pub(super) left: usize,
}

impl Words {
    pub(super) const fn of(language: Language) -> Self {
        match language {
            Language::De => Self {
                keys: "Eine Person? [j/y] ja  [n] nein  [u] unklar  [s] später  [z] zurück  [e] warum  [p] Wert  [w] Grund  [q] Ende",
                last: "Das war das letzte Paar. [z] zurück  [q] Ende",
                help: "j oder y: eine Person; n: zwei Personen; u: nicht zu klären; s: jetzt nicht; z: die letzte Antwort \
                       zurücknehmen; e: was dafür und dagegen spricht; p: der Wert; w: den Grund für diese Antwort \
                       schreiben; q: aufhören. Was schon entschieden ist, bleibt.",
                reason: "Grund: ",
                nothing: "Kein Paar wartet auf eine Entscheidung.",
                nothing_to_undo: "Es gibt nichts zurückzunehmen.",
                taken_back: "Zurückgenommen.",
                not_understood: "Das ist keine der Tasten; ? erklärt sie.",
                next: "Die Entscheidungen gelten ab dem nächsten Lauf (`kartei run`).",
                language,
            },
            Language::En => Self {
                keys: "One person? [y] yes  [n] no  [u] unsure  [s] skip  [z] undo  [e] why  [p] score  [w] reason  [q] end",
                last: "That was the last pair. [z] undo  [q] end",
                help: "y: one person; n: two persons; u: cannot be told; s: not now; z: take the last answer back; e: what \
                       speaks for it and against it; p: the score; w: write the reason for this answer; q: end. What is \
                       decided already stays.",
                reason: "reason: ",
                nothing: "No pair waits for a decision.",
                nothing_to_undo: "There is nothing to take back.",
                taken_back: "Taken back.",
                not_understood: "That is none of the keys; ? explains them.",
                next: "The decisions count from the next run on (`kartei run`).",
                language,
            },
        }
    }

    /// Where the session is.
    pub(super) fn place(&self, at: usize, of: usize, impact: u64) -> String {
        match (self.language, impact) {
            (Language::De, 0) => format!("Paar {at} von {of}"),
            (Language::De, 1) => format!("Paar {at} von {of}; die Antwort bewegt einen Datensatz"),
            (Language::De, _) => format!("Paar {at} von {of}; die Antwort bewegt {impact} Datensätze"),
            (Language::En, 0) => format!("pair {at} of {of}"),
            (Language::En, 1) => format!("pair {at} of {of}; the answer moves one record"),
            (Language::En, _) => format!("pair {at} of {of}; the answer moves {impact} records"),
        }
    }

    /// How a session went.
    pub(super) fn tally(&self, tally: Tally) -> String {
        let Tally { same, different, unsure, skipped, followed, left } = tally;
        match self.language {
            Language::De => format!(
                "{same} gleich, {different} verschieden, {unsure} unklar, {skipped} später; {followed} folgten aus den \
                 Antworten; {left} noch nicht angesehen."
            ),
            Language::En => format!(
                "{same} same, {different} different, {unsure} unsure, {skipped} skipped; {followed} followed from the \
                 answers; {left} not looked at."
            ),
        }
    }
}
