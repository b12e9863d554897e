//! Lives of an installation under blows at seeded points: whatever is killed, stopped, cut or full, and whenever, the
//! books balance afterwards.
//!
//! `tests/bench/chaos --points N` runs as many as one likes; here it is some hundreds.
#![expect(clippy::print_stdout, reason = "the harness says what it did to whoever started it")]

mod books;
mod chance;
mod database;
mod deliveries;
mod fault_layer;
mod life;
mod points;
mod process;
mod reader;
mod server;
pub(crate) mod sink;
mod standing;
mod variants;
mod varied;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use books::Findings;
use chance::Chance;
use life::{Ground, Life, Lived};
use points::Blow;
use server::Server;

/// What is asked of the harness.
struct Asked {
    points: u64,
    seed: u64,
    /// This life alone.
    life: Option<u64>,
    /// This blow alone.
    only: Option<Blow>,
    /// Whether in every other life each attempt meets other content.
    varied: bool,
    environment: Vec<(String, String)>,
}

/// What came out.
struct Account {
    points: u64,
    lives: u64,
    repeated: usize,
    glances: u64,
    findings: Findings,
}

/// The stores under test.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    Sqlite,
    Postgres,
}

impl Asked {
    /// So many points, or what `tests/bench/chaos` asks for.
    fn usual(points: u64) -> Self {
        let number = |name: &str| std::env::var(format!("CHAOS_{name}")).ok()?.parse::<u64>().ok();
        Self {
            points: number("POINTS").unwrap_or(points),
            seed: number("SEED").unwrap_or(1),
            life: number("LIFE"),
            only: None,
            varied: number("VARIED") == Some(1),
            environment: Vec::new(),
        }
    }

    /// Lives as many lives as it takes to reach the points, two at a time.
    fn account(&self, store: Store) -> Account {
        let begun = Instant::now();
        let quiet = [quiet(store, false), quiet(store, self.varied)];
        let (struck, next) = (AtomicU64::new(0), AtomicU64::new(0));
        let total = Mutex::new(Account { points: 0, lives: 0, repeated: 0, glances: 0, findings: Findings::default() });
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut server = (store == Store::Postgres).then(Server::start);
                    while struck.load(Ordering::Relaxed) < self.points {
                        let number = self.life.unwrap_or_else(|| next.fetch_add(1, Ordering::Relaxed));
                        let may_strike = || struck.fetch_add(1, Ordering::Relaxed) < self.points;
                        let ground = match &mut server {
                            None => Ground::Sqlite,
                            Some(server) => Ground::Postgres(server, format!("life_{number}")),
                        };
                        let chance = Chance::new(self.seed, number);
                        let is_varied = self.varied && number % 2 == 1;
                        let life = Life::begin(ground, &self.environment);
                        let life = if is_varied { life.varied() } else { life };
                        let lived = life.disturbed(quiet[usize::from(is_varied)], (chance, self.only), &may_strike);
                        self.tell(number, &lived);
                        total.lock().unwrap().add(lived);
                        if self.life.is_some() {
                            break;
                        }
                    }
                });
            }
        });
        let account = total.into_inner().unwrap();
        println!("{} points in {} lives after {:?}", account.points, account.lives, begun.elapsed());
        println!("{}", account.line());
        account
    }

    /// Says what was wrong with a life, and how to live it again.
    fn tell(&self, number: u64, lived: &Lived) {
        if lived.findings.is_empty() {
            return;
        }
        println!("--seed {} --life {number}, with {} points:", self.seed, lived.points.len());
        for point in &lived.points {
            println!("    {point}");
        }
        let Findings { lost, doubled, torn, unsaid } = &lived.findings;
        for (word, findings) in [("lost", lost), ("doubled", doubled), ("torn", torn), ("unsaid", unsaid)] {
            for finding in findings.iter().take(8) {
                println!("  {word}: {finding}");
            }
        }
    }
}

impl Account {
    fn add(&mut self, lived: Lived) {
        self.points += lived.points.len() as u64;
        self.lives += 1;
        self.repeated += lived.repeated;
        self.glances += lived.glances;
        self.findings.add(lived.findings);
    }

    fn line(&self) -> String {
        let Findings { lost, doubled, torn, unsaid } = &self.findings;
        format!(
            "{} points, {} glances, {} mails repeated inside the window: lost {} doubled {} torn {} unsaid {}",
            self.points,
            self.glances,
            self.repeated,
            lost.len(),
            doubled.len(),
            torn.len(),
            unsaid.len()
        )
    }
}

/// A life that nothing disturbs, on each store.
fn quiet(store: Store, is_varied: bool) -> &'static Lived {
    static QUIET: [OnceLock<Lived>; 4] = [const { OnceLock::new() }; 4];
    QUIET[usize::from(store == Store::Postgres) * 2 + usize::from(is_varied)].get_or_init(|| {
        let mut server = (store == Store::Postgres).then(Server::start);
        let ground = match &mut server {
            None => Ground::Sqlite,
            Some(server) => Ground::Postgres(server, "quiet".to_owned()),
        };
        let life = Life::begin(ground, &[]);
        let lived = if is_varied { life.varied().undisturbed() } else { life.undisturbed() };
        assert!(lived.findings.is_empty(), "{:#?}", lived.findings);
        lived
    })
}

#[test]
fn the_books_balance_after_every_blow_on_sqlite() {
    let account = Asked::usual(150).account(Store::Sqlite);
    assert!(account.findings.is_empty(), "{}", account.line());
}

#[test]
fn the_books_balance_after_every_blow_on_postgres() {
    let account = Asked::usual(150).account(Store::Postgres);
    assert!(account.findings.is_empty(), "{}", account.line());
}

#[test]
fn a_store_that_does_not_fence_is_found_out() {
    let environment = vec![("KARTEI_UNFENCED".to_owned(), "1".to_owned())];
    let asked = Asked { points: 40, only: Some(Blow::Freeze), environment, ..Asked::usual(0) };
    let account = asked.account(Store::Postgres);
    let Findings { doubled, torn, .. } = &account.findings;
    assert!(!doubled.is_empty() || !torn.is_empty(), "nothing was noticed: {}", account.line());
}
