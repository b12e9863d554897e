//! `kartei evaluate`: how good clusters are, where the truth is known, or where a human judges a sample.

mod sample;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use clap::Args;
use kartei_matching::evaluate::{Evaluation, evaluate};

use crate::console::{Console, number, table, text};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{During, Failure, Outcome};

/// Compares clusters with the truth, or estimates precision and recall from a sample that a human judges
#[derive(Debug, Args)]
#[command(
    after_help = "Clusters and truth are CSV. Records are matched by `source` and `record`, or by `record` alone where \
either file has no `source`. A sample is drawn from the last published run: half of it pairs that stand together, half \
candidate pairs that do not.

Examples:
  kartei evaluate --sample 200 --out sample.csv
  kartei review --only sample.csv
  kartei evaluate --answers sample.csv
  kartei evaluate --clusters clusters.csv --truth truth.csv
  kartei evaluate --clusters clusters.csv --truth people.csv --record rec_id --person cluster --json"
)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["clusters", "sample", "answers"]))]
pub(crate) struct Evaluate {
    /// The clusters: `source,record,person`, as `kartei match` writes them
    #[arg(long, value_name = "FILE", requires = "truth")]
    clusters: Option<PathBuf>,
    /// The truth: one row a record
    #[arg(long, value_name = "FILE", requires = "clusters")]
    truth: Option<PathBuf>,
    /// Draws about so many pairs of the last run, to be judged
    #[arg(long, value_name = "N", requires = "out")]
    sample: Option<usize>,
    /// Where the sample goes, as CSV; it names records and holds no other data of people
    #[arg(long, value_name = "FILE", requires = "sample")]
    out: Option<PathBuf>,
    /// The same number draws the same sample
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Estimates from a sample that was judged: by `kartei review --only`, or in its column `verdict`
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// The truth's column that names the record
    #[arg(long, value_name = "COLUMN", default_value = "record")]
    record: String,
    /// The truth's column that names the person
    #[arg(long, value_name = "COLUMN", default_value = "person")]
    person: String,
}

pub(crate) async fn run(command: &Evaluate, context: &Context) -> Outcome {
    match (&command.clusters, &command.truth, command.sample, &command.out, &command.answers) {
        (Some(clusters), Some(truth), ..) => compare(command, clusters, truth, context),
        (_, _, Some(size), Some(out), _) => sample::draw(size, command.seed, out, context).await,
        (_, _, _, _, Some(answers)) => sample::answers(answers, context).await,
        _ => Err(Failure::wrong_use("nothing to evaluate was named")),
    }
}

fn compare(command: &Evaluate, clusters_file: &Path, truth_file: &Path, context: &Context) -> Outcome {
    let clusters = read(clusters_file, "record", "person")?;
    let truth = read(truth_file, &command.record, &command.person)?;
    let by_source = clusters.has_source && truth.has_source;
    let found = clusters.by_record(by_source, clusters_file)?;
    let truth_of = truth.by_record(by_source, truth_file)?;
    let mut rows: Vec<(&RecordKey<'_>, u32, u32)> = Vec::with_capacity(found.len());
    let missing = found.iter().filter(|(record, _)| !truth_of.contains_key(*record)).count();
    rows.extend(found.iter().filter_map(|(record, label)| Some((record, *label, *truth_of.get(record)?))));
    rows.sort_unstable();
    if rows.is_empty() {
        return Err(no_common_record(&clusters, &truth, by_source));
    }
    let labels: (Vec<u32>, Vec<u32>) = rows.iter().map(|(_, found, truth)| (*found, *truth)).unzip();
    let evaluation = evaluate(&labels.0, &labels.1);
    let without_cluster = truth_of.len() - rows.len();
    if missing > 0 || without_cluster > 0 {
        context.console.remark(format_args!(
            "{missing} clustered records are not in the truth, {without_cluster} of the truth are in no cluster; they do not count"
        ));
    }
    show(&evaluation, context.console)
}

/// Why no record stands in both files: their sources have other names, or the records have.
fn no_common_record(clusters: &Labels, truth: &Labels, by_source: bool) -> Failure {
    let failure = Failure::new("no record of the clusters is in the truth");
    let (found, known) = (clusters.sources(), truth.sources());
    if by_source && found.is_disjoint(&known) {
        let listed = |names: &BTreeSet<&str>| names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        return failure.with_hint(format!(
            "the clusters' `source` is {}, the truth's is {}: give them the same names, or leave the column out of one file",
            listed(&found),
            listed(&known)
        ));
    }
    failure.with_hint("say with `--record` which column of the truth names the record")
}

/// A file's rows: source, record, and a label that is the same for the same person.
struct Labels {
    rows: Vec<(String, String, u32)>,
    has_source: bool,
}

type RecordKey<'a> = (&'a str, &'a str);

impl Labels {
    fn sources(&self) -> BTreeSet<&str> {
        self.rows.iter().map(|(source, _, _)| source.as_str()).collect()
    }

    fn by_record(&self, by_source: bool, file: &Path) -> Result<HashMap<RecordKey<'_>, u32>, Failure> {
        let mut found = HashMap::with_capacity(self.rows.len());
        for (index, (source, record, label)) in self.rows.iter().enumerate() {
            let key = (if by_source { source.as_str() } else { "" }, record.as_str());
            if found.insert(key, *label).is_some_and(|other| other != *label) {
                let failure = Failure::new(format!(
                    "{}:{}: the record stands here twice, as two persons",
                    file.display(),
                    index + 2
                ));
                return Err(failure.with_hint("a column `source` in both files tells records of one name apart"));
            }
        }
        Ok(found)
    }
}

fn read(file: &Path, record: &str, person: &str) -> Result<Labels, Failure> {
    let during = || format!("{} cannot be read", file.display());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(file).during(during())?;
    let header = reader.headers().during(during())?.clone();
    let column = |name: &str| {
        header.iter().position(|column| column.trim_start_matches('\u{feff}') == name).ok_or_else(|| {
            let known: Vec<&str> = header.iter().collect();
            Failure::wrong_use(format!("{} has no column `{name}`", file.display()))
                .with_hint(format!("its columns are {}", known.join(", ")))
        })
    };
    let (record, person, source) = (column(record)?, column(person)?, column("source").ok());
    let mut labels: HashMap<String, u32> = HashMap::new();
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.during(during())?;
        let cell = |index: usize| row.get(index).unwrap_or_default().to_owned();
        let next = u32::try_from(labels.len()).unwrap_or(u32::MAX);
        let label = *labels.entry(cell(person)).or_insert(next);
        rows.push((source.map(cell).unwrap_or_default(), cell(record), label));
    }
    Ok(Labels { rows, has_source: source.is_some() })
}

fn show(evaluation: &Evaluation, console: Console) -> Outcome {
    if console.json() {
        console.write_json(evaluation)?;
        return Ok(Exit::Done);
    }
    let mut measures = table(&["", "precision", "recall", "F1"]);
    let measure = |name: &str, values: [f64; 3]| {
        let mut row = vec![text(name)];
        row.extend(values.map(|value| text(format!("{value:.4}"))));
        row
    };
    measures.add_row(measure("pairs", [evaluation.precision, evaluation.recall, evaluation.f1]));
    let bcubed = [evaluation.bcubed_precision, evaluation.bcubed_recall, evaluation.bcubed_f1];
    measures.add_row(measure("B-cubed", bcubed));
    console.table(&measures)?;
    let mut counts = table(&["", ""]);
    for (name, value) in [
        ("records", evaluation.records),
        ("pairs found", evaluation.found_pairs),
        ("pairs true", evaluation.true_pairs),
        ("pairs right", evaluation.right_pairs),
    ] {
        counts.add_row(vec![text(name), number(value)]);
    }
    for (name, value) in [
        ("false merges per 10,000 records (Homonymfehler)", evaluation.false_merges_per_10000),
        ("missed merges per 10,000 records (Synonymfehler)", evaluation.missed_merges_per_10000),
    ] {
        counts.add_row(vec![text(name), text(format!("{value:.1}"))]);
    }
    console.table(&counts)?;
    let mut sizes = table(&["records", "clusters found", "persons true"]);
    for (size, found, truth) in &evaluation.sizes {
        sizes.add_row(vec![number(u64::from(*size)), number(*found), number(*truth)]);
    }
    console.table(&sizes)?;
    Ok(Exit::Done)
}
