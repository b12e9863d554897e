//! Whether anybody would hear an alert.

use kartei_schemas::settings::{Settings, TransportKind};
use serde::Serialize;

/// Why alerts reach nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Unheard {
    /// Why.
    pub reason: &'static str,
    /// What to do about it.
    pub hint: &'static str,
}

impl Unheard {
    /// Whether alerts would reach nobody by these settings. A dead man's switch says that something is wrong, not what.
    pub fn by(settings: &Settings) -> Option<Self> {
        let alerts = &settings.alerts;
        if alerts.webhook.is_some() {
            return None;
        }
        if alerts.mail_to.is_empty() {
            return Some(Self {
                reason: "alerts reach nobody: `[alerts]` names neither an address nor a webhook",
                hint: "write `mail_to = [\"admin@example.org\"]` under [alerts] in kartei.toml",
            });
        }
        (settings.mail.transport == TransportKind::Folder).then_some(Self {
            reason: "alerts reach nobody: they go by mail, and mail goes into a folder",
            hint: "name a server under [mail.smtp] and write `transport = \"smtp\"`, or name a webhook under [alerts]",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_hears_by_mail_that_leaves_the_machine_or_by_a_webhook() {
        let mut settings = Settings::default();
        assert!(Unheard::by(&settings).is_some_and(|unheard| unheard.reason.contains("neither an address")));
        settings.alerts.mail_to.push("admin@example.org".to_owned());
        assert!(Unheard::by(&settings).is_some_and(|unheard| unheard.reason.contains("into a folder")));
        settings.mail.transport = TransportKind::Smtp;
        assert_eq!(Unheard::by(&settings), None);
    }
}
