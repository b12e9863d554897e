//! Survey answers: question and answer, with the survey's name and the day.

use kartei_schemas::frame;
use polars_core::prelude::{Column, DataType, IntoColumn, StringChunkedBuilder};

use super::chunk::{Chunk, side_texts};
use super::json::push_text;
use super::{Context, FieldStatistics};
use crate::date::{DateRange, KnownDate, date};
use crate::text::{MAX_TEXT_LENGTH, cut};

/// JSON arrays of [`kartei_schemas::answer::Answer`]; null where a row answers nothing.
pub(super) fn column(chunk: &mut Chunk<'_>, context: &Context) -> Column {
    let rows = chunk.received.height();
    let plan = chunk.plan;
    let Some(survey) = plan.source.survey.as_ref().filter(|_| !plan.questions.is_empty()) else {
        return Column::full_null(frame::ANSWERS.into(), rows, &DataType::String);
    };
    let columns: Vec<(&str, Vec<Option<&str>>)> = plan
        .questions
        .iter()
        .map(|(column, question)| (question.as_str(), side_texts(chunk.received, column)))
        .collect();
    let days = survey.date.as_ref().map(|column| side_texts(chunk.received, column));
    let mut texts = StringChunkedBuilder::new(frame::ANSWERS.into(), rows);
    let mut counts = FieldStatistics::default();
    let mut array = String::new();
    for row in 0..rows {
        array.clear();
        let mut day = None;
        if let Some(text) = days.as_ref().and_then(|days| days[row]) {
            match date(text, DateRange::Event, context.today, &[]) {
                Ok(read) => day = read.value.filter(|known| matches!(known, KnownDate::Day(_))),
                Err(reason) => {
                    counts.unreadable += 1;
                    chunk.problem(row, frame::ANSWERS, survey.date.as_deref(), reason);
                }
            }
        }
        for (question, answers) in &columns {
            if let Some(answer) = answers[row] {
                push(&mut array, &survey.name, day, question, answer);
            }
        }
        if array.is_empty() {
            texts.append_null();
        } else {
            array.push(']');
            counts.received += 1;
            counts.filled += 1;
            texts.append_value(&array);
        }
    }
    chunk.count(frame::ANSWERS, &counts);
    texts.finish().into_column()
}

fn push(array: &mut String, survey: &str, day: Option<KnownDate>, question: &str, answer: &str) {
    array.push_str(if array.is_empty() { "[{\"survey\":" } else { ",{\"survey\":" });
    push_text(array, survey);
    array.push_str(",\"date\":");
    match day {
        Some(day) => push_text(array, &day.to_string()),
        None => array.push_str("null"),
    }
    array.push_str(",\"question\":");
    push_text(array, question);
    array.push_str(",\"answer\":");
    push_text(array, &cut(answer, MAX_TEXT_LENGTH));
    array.push('}');
}
