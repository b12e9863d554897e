//! The report as one HTML file: no script, no request, plots as inline SVG, light and dark, desk and phone.

use std::fmt::Write as _;

use kartei_schemas::org::Language;

use crate::RunReport;
use crate::graphs;
use crate::page::{Cell, Part, Plot, Section, Table, Tone};
use crate::plots::{self, Room};
use crate::sections;
use crate::summary::{Mood, Summary, summarise};
use crate::voice::Voice;

const STYLE: &str = include_str!("report.css");

/// The report as one self-contained HTML file.
pub fn render_html(report: &RunReport, language: Language) -> String {
    let voice = Voice::new(report, language);
    let sections = sections::all(report, voice);
    let title = title(report, voice);
    let mut out = String::with_capacity(1 << 17);
    out.push_str(&head(&title, voice));
    out.push_str(&header(report, &title, voice));
    out.push_str("<main>\n");
    out.push_str(&summary(&summarise(report, language), voice));
    out.push_str(&figures(report, voice));
    out.push_str(&contents(&sections, voice));
    for section in &sections {
        out.push_str(&draw_section(section, voice));
    }
    out.push_str("</main>\n");
    out.push_str(&footer(report, voice));
    out.push_str("</body>\n</html>\n");
    out
}

fn title(report: &RunReport, voice: Voice) -> String {
    let name = report.run.organisation.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    format!("{name}{} {}", voice.say("Bericht zum Lauf", "Report of run"), report.run.id)
}

/// The policy forbids every request, so that a mistake here cannot make the page call anyone.
fn head(title: &str, voice: Voice) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        voice.say("de", "en"),
        escaped(title),
    )
}

fn header(report: &RunReport, title: &str, voice: Voice) -> String {
    let run = &report.run;
    let mut facts = vec![format!("{} ({})", voice.instant(run.started_at), voice.zone_name())];
    facts.push(match run.due_at {
        Some(due) => format!("{} {}", voice.say("fällig", "due"), voice.instant(due)),
        None => voice.trigger(run.trigger).to_owned(),
    });
    if let Some(milliseconds) = run.duration_milliseconds() {
        facts.push(format!("{} {}", voice.say("Dauer", "took"), voice.duration(milliseconds)));
    }
    if run.resumed > 0 {
        facts.push(format!("{} {}×", voice.say("wieder aufgenommen", "resumed"), voice.number(u64::from(run.resumed))));
    }
    format!(
        "<header>\n<p class=\"eyebrow\">kartei · {}</p>\n<h1>{}</h1>\n<p class=\"facts\">{}</p>\n</header>\n",
        escaped(&run.job),
        escaped(title),
        facts.iter().map(|fact| format!("<span>{}</span>", escaped(fact))).collect::<Vec<_>>().join(" ")
    )
}

fn summary(summary: &Summary, voice: Voice) -> String {
    let (class, mark) = match summary.mood {
        Mood::Well => ("well", "✓"),
        Mood::Look => ("look", "!"),
        Mood::Wrong => ("wrong", "✗"),
    };
    let mut out = format!(
        "<section class=\"summary {class}\" aria-labelledby=\"summary\">\n\
         <h2 id=\"summary\"><span class=\"mark\" aria-hidden=\"true\">{mark}</span>{}</h2>\n<p>{}</p>\n",
        escaped(&summary.headline),
        escaped(&summary.sentence)
    );
    if summary.needs.is_empty() {
        let _ = writeln!(out, "<p class=\"quiet\">{}</p>", voice.say("Nichts zu tun.", "Nothing to do."));
    } else {
        let _ = writeln!(out, "<h3>{}</h3>\n<ul>", voice.say("Zu tun", "To do"));
        for need in &summary.needs {
            let _ = writeln!(out, "<li>{}</li>", escaped(need));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
    out
}

/// The few numbers that people remember.
fn figures(report: &RunReport, voice: Voice) -> String {
    let figures = [
        (voice.say("Personen", "Persons"), report.persons.after),
        (voice.say("Datensätze", "Records"), report.flow.records),
        (voice.say("Neue Zeilen", "New rows"), report.flow.staged),
        (voice.say("Geänderte Personen", "Persons changed"), report.changes.persons),
        (voice.say("Zur Entscheidung", "To be judged"), report.review.open),
        (voice.say("Hinweise versandt", "Notices sent"), report.notices.sent),
    ];
    let mut out = "<dl class=\"figures\">\n".to_owned();
    for (name, number) in figures {
        let _ = writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", voice.number(number));
    }
    out.push_str("</dl>\n");
    out
}

fn contents(sections: &[Section], voice: Voice) -> String {
    let mut out = format!("<nav aria-label=\"{}\"><ul>\n", voice.say("Inhalt", "Contents"));
    for section in sections {
        let _ = writeln!(out, "<li><a href=\"#{}\">{}</a></li>", section.id, section.title);
    }
    out.push_str("</ul></nav>\n");
    out
}

fn draw_section(section: &Section, voice: Voice) -> String {
    let id = section.id;
    let mut out = format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{}</h2>\n", section.title);
    for (index, part) in section.parts.iter().enumerate() {
        match part {
            Part::Note(note) => {
                let _ = writeln!(out, "<p class=\"{}\">{}</p>", class(note.tone), escaped(&note.text));
            }
            Part::Table(table) => out.push_str(&draw_table(table)),
            Part::Plot(plot) => out.push_str(&draw_plot(plot, &format!("{id}-{index}"), voice)),
            Part::Graphs(all) => {
                out.push_str(&graphs::draw(all, &format!("{id}-{index}"), voice.say("Weitere", "More")));
            }
        }
    }
    out.push_str("</section>\n");
    out
}

/// A wide table scrolls inside its own frame, which a keyboard can reach.
fn draw_table(table: &Table) -> String {
    let caption = escaped(&table.caption);
    let mut out = String::new();
    if table.folded {
        let _ = writeln!(out, "<details><summary>{caption}</summary>");
    }
    let hidden = if table.folded { " class=\"unseen\"" } else { "" };
    let _ = writeln!(
        out,
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n\
         <table class=\"{}\" role=\"table\">\n<caption{hidden}>{caption}</caption>\n\
         <thead role=\"rowgroup\"><tr role=\"row\">",
        table_classes(table),
    );
    for column in &table.columns {
        let _ = write!(out, "<th scope=\"col\" role=\"columnheader\">{}</th>", escaped(column));
    }
    out.push_str("</tr></thead>\n<tbody role=\"rowgroup\">\n");
    for row in &table.rows {
        out.push_str("<tr role=\"row\">");
        for (index, (cell, column)) in row.iter().zip(&table.columns).enumerate() {
            out.push_str(&draw_cell(cell, column, index == 0));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    if table.folded {
        out.push_str("</details>\n");
    }
    out
}

/// Small tables are kept narrow, so that the eye finds the number; on a phone the rows of large ones become cards.
fn table_classes(table: &Table) -> String {
    let classes = [
        (table.columns.len() <= 3 && !table.wordy, "slim"),
        (table.columns.len() > 4, "cards"),
        (table.wordy, "wordy"),
    ];
    classes.iter().filter(|class| class.0).map(|class| class.1).collect::<Vec<_>>().join(" ")
}

/// The roles are spelled out because the phone's style sheet takes the table layout away, and its meaning with it.
fn draw_cell(cell: &Cell, column: &str, is_first: bool) -> String {
    let text = escaped(&cell.text);
    if is_first {
        return format!("<th scope=\"row\" role=\"rowheader\">{text}</th>");
    }
    let share = cell.share.map(|share| format!(" style=\"--share:{share:.3}\"")).unwrap_or_default();
    let bar = if cell.share.is_some() { "share " } else { "" };
    format!(
        "<td role=\"cell\" class=\"{bar}{}\" data-label=\"{}\"{share}>{text}</td>",
        class(cell.tone),
        escaped(column)
    )
}

/// Both sizes are in the page; the style sheet shows one, and screen readers hear only that one.
fn draw_plot(plot: &Plot, id: &str, voice: Voice) -> String {
    let mut out = format!("<figure>\n<figcaption><h3>{}</h3></figcaption>\n", plot.title);
    for (room, name) in [(Room::Wide, "wide"), (Room::Narrow, "narrow")] {
        if let Some(svg) = plots::svg(plot, room, voice) {
            let title = escaped(plot.title);
            let alt = escaped(&format!("{} {}", plot.alt, plot.drawing.figures()));
            let open =
                format!("<svg class=\"{name}\" role=\"img\" aria-labelledby=\"{id}-{name}-title {id}-{name}-alt\" ");
            let named = svg.replacen("<svg ", &open, 1).replacen(
                ">\n",
                &format!(
                    ">\n<title id=\"{id}-{name}-title\">{title}</title><desc id=\"{id}-{name}-alt\">{alt}</desc>\n"
                ),
                1,
            );
            out.push_str(&named);
        }
    }
    let _ = writeln!(out, "<p class=\"alt\">{}</p>\n</figure>", escaped(&plot.alt));
    out
}

fn footer(report: &RunReport, voice: Voice) -> String {
    let run = &report.run;
    let facts = [
        (voice.say("Programm", "Program"), run.version.as_str()),
        (voice.say("Schemata", "Schemas"), run.schema_version.as_str()),
        (voice.say("Modell", "Model"), run.model_version.as_str()),
    ];
    let told: Vec<_> = facts
        .iter()
        .filter(|fact| !fact.1.is_empty())
        .map(|(name, value)| format!("{name} {}", escaped(value)))
        .collect();
    let promise =
        voice.say("Dieser Bericht enthält keine personenbezogenen Daten.", "This report holds no personal data.");
    format!("<footer>\n<p>{}</p>\n<p>{promise}</p>\n</footer>\n", told.join(" · "))
}

const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Quiet => "quiet",
        Tone::Good => "good",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
    }
}

pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}
