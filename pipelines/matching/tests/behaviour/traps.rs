//! The traps of households, each inside a crowd from which the weights are learnt: what must not be joined stays apart, and is
//! joined as soon as the evidence that protects it is gone. So no story passes because nothing is ever joined.

use std::sync::LazyLock;

use kartei_matching::Linked;

use crate::people::{Record, crowd, linked};

static CROWD: LazyLock<Vec<Record>> = LazyLock::new(|| crowd(900, 7).0);

/// What becomes of a few records in the crowd.
struct Told {
    linked: Linked,
    from: usize,
}

impl Told {
    fn of(people: &[&Record]) -> Self {
        let from = CROWD.len();
        let all: Vec<Record> = CROWD.iter().chain(people.iter().copied()).cloned().collect();
        Self { linked: linked(&all), from }
    }

    fn are_one(&self) -> bool {
        let told = &self.linked.clusters[self.from..];
        told.iter().all(|cluster| *cluster == told[0])
    }

    fn are_all_apart(&self) -> bool {
        let mut told = self.linked.clusters[self.from..].to_vec();
        let count = told.len();
        told.sort_unstable();
        told.dedup();
        told.len() == count
    }

    fn live_together(&self) -> bool {
        let told = &self.linked.households[self.from..];
        told.iter().all(|household| *household == told[0])
    }

    fn probability(&self) -> Option<f32> {
        let pairs = &self.linked.pairs;
        let row = u32::try_from(self.from).unwrap();
        (0..pairs.len())
            .find(|at| pairs.left[*at] == row && pairs.right[*at] == row + 1)
            .map(|at| pairs.probability[at])
    }
}

fn stay_apart(left: &Record, right: &Record) -> Told {
    let told = Told::of(&[left, right]);
    assert!(told.are_all_apart(), "joined at {:?}: {left:?} {right:?}", told.probability());
    told
}

fn are_joined(left: &Record, right: &Record) {
    let told = Told::of(&[left, right]);
    assert!(told.are_one(), "apart at {:?}: {left:?} {right:?}", told.probability());
}

fn anna() -> Record {
    Record::new(
        "anna",
        &[
            ("given_name", "Anna"),
            ("surname", "Reuter"),
            ("birth_date", "1984-03-05"),
            ("email", "anna.reuter@mail.example"),
            ("mobile", "+4915012345678"),
            ("phone", "+493011045678"),
            ("street", "Kastanienallee"),
            ("house_number", "12"),
            ("postal_code", "10115"),
            ("city", "Berlin"),
        ],
    )
}

/// Whoever shares Anna's home and nothing else.
fn at_home(given_name: &str) -> Record {
    anna().with("housemate", &[("given_name", given_name), ("birth_date", ""), ("email", ""), ("mobile", "")])
}

#[test]
fn twins_stay_two() {
    let twin = at_home("Lena").with("twin", &[("birth_date", "1984-03-05")]);
    let told = stay_apart(&anna(), &twin);
    assert!(told.live_together());
    are_joined(&anna(), &twin.with("no twin", &[("given_name", "Anna")]));
}

#[test]
fn a_couple_with_one_mail_address_stays_two() {
    let husband =
        at_home("Peter").with("husband", &[("birth_date", "1981-09-17"), ("email", "anna.reuter@mail.example")]);
    let told = stay_apart(&anna(), &husband);
    assert!(told.live_together());
    are_joined(&anna(), &husband.with("herself", &[("given_name", "Anna"), ("birth_date", "")]));
}

#[test]
fn a_couple_without_birth_dates_and_with_one_mail_address_stays_two() {
    let wife = anna().with("wife", &[("birth_date", ""), ("mobile", "")]);
    let husband = at_home("Peter").with("husband", &[("email", "anna.reuter@mail.example")]);
    stay_apart(&wife, &husband);
    are_joined(&wife, &husband.with("herself", &[("given_name", "A.")]));
}

#[test]
fn who_moved_and_married_is_one() {
    let away = [
        ("surname", "Sander"),
        ("street", "Seestraße"),
        ("house_number", "7"),
        ("postal_code", "80331"),
        ("city", "München"),
    ];
    let moved = anna().with("moved", &away).with("moved", &[("phone", "")]);
    are_joined(&anna(), &moved);
    stay_apart(&anna(), &moved.with("stranger", &[("birth_date", ""), ("email", ""), ("mobile", "")]));
}

#[test]
fn a_recycled_number_joins_nobody() {
    let next = Record::new(
        "next",
        &[("given_name", "Jörg"), ("surname", "Tiemann"), ("mobile", "+4915012345678"), ("postal_code", "04109")],
    );
    stay_apart(&anna(), &next);
    are_joined(&anna(), &next.with("herself", &[("given_name", "Anna"), ("surname", "Reuter")]));
}

#[test]
fn two_of_a_common_name_born_the_same_day_stay_two() {
    let one =
        anna().with("one", &[("given_name", "Thomas"), ("surname", "Müller"), ("email", "thomas.m71@mail.example")]);
    let away = [("street", "Seestraße"), ("house_number", "7"), ("postal_code", "80331"), ("city", "München")];
    let other = one.clone().with("other", &away).with(
        "other",
        &[("email", "tmueller.bayern@post.example"), ("mobile", "+4915087654321"), ("phone", "+498911033333")],
    );
    stay_apart(&one, &other);
    are_joined(&one, &other.with("himself", &[("mobile", "+4915012345678")]));
}

#[test]
fn siblings_at_home_stay_as_many_as_they_are() {
    let sibling = |name: &str, birth: &str| at_home(name).with(name, &[("birth_date", birth)]);
    let (eldest, middle, youngest) =
        (sibling("Lena", "1999-02-11"), sibling("Jonas", "2001-06-30"), sibling("Mia", "2004-12-01"));
    let told = Told::of(&[&eldest, &middle, &youngest]);
    assert!(told.are_all_apart() && told.live_together(), "{:?}", &told.linked.clusters[told.from..]);
    are_joined(&eldest, &middle.with("again", &[("given_name", "Lena"), ("birth_date", "1999-02-11")]));
}

#[test]
fn siblings_of_whom_little_is_known_stay_two() {
    let (one, other) = (at_home("Lena"), at_home("Jonas"));
    stay_apart(&one, &other);
    are_joined(&one, &other.with("again", &[("given_name", "Lena")]));
}

#[test]
fn who_shares_a_flat_stays_two() {
    let flatmate = at_home("Anton").with("flatmate", &[("surname", "Kowalczyk"), ("birth_date", "1986-10-02")]);
    stay_apart(&anna(), &flatmate);
    are_joined(
        &anna(),
        &flatmate.with("herself", &[("given_name", "Anna"), ("surname", "Reuter"), ("birth_date", "")]),
    );
}

#[test]
fn of_a_common_name_alone_nobody_knows_which_and_of_a_rare_one_everybody_does() {
    let common = Record::new("common", &[("given_name", "Thomas"), ("surname", "Müller"), ("postal_code", "10115")]);
    let known =
        CROWD.iter().filter(|record| record.fields["given_name"] == "Thomas" && record.fields["surname"] == "Müller");
    assert!(known.count() > 3, "the crowd should hold several of the name");
    let alone = Record::new("alone", &[("given_name", "Thomas"), ("surname", "Müller")]);
    stay_apart(&common, &alone);
    let name = [("given_name", "Leokadia"), ("surname", "Przybylski")];
    let rare = common.with("rare", &name);
    are_joined(&rare, &alone.with("rare again", &name));
}

#[test]
fn like_names_of_one_home_are_two_whether_their_birth_dates_are_known_or_not() {
    let pairs = [
        ("Andreas", "Andrea"),
        ("Michael", "Michaela"),
        ("Jan", "Jana"),
        ("Paul", "Paula"),
        ("Stefan", "Stefanie"),
        ("Hans-Peter", "Hans-Jürgen"),
        ("Anna Maria", "Anna Lena"),
        ("Anja", "Antje"),
        ("Jens", "Jan"),
        ("Lisa", "Bettina"),
        ("Heinz", "Harry"),
    ];
    for (one, other) in pairs {
        for birth in ["", "1961-09-03"] {
            let (one, other) = (at_home(one).with("one", &[("birth_date", "1961-04-12")]), at_home(other));
            stay_apart(&one, &other.with("other", &[("birth_date", birth)]));
        }
    }
}

#[test]
fn a_part_before_the_sign_that_says_the_name_and_the_year_joins_nobody_across_providers() {
    let sonja = |key: &str, surname: &str, provider: &str, code: &str| {
        let email = format!("sonja93@{provider}.example");
        let fields = [("given_name", "Sonja"), ("surname", surname), ("email", email.as_str()), ("postal_code", code)];
        Record::new(key, &fields)
    };
    let (one, other) = (sonja("one", "Reuter", "mail", "10115"), sonja("other", "Tiemann", "post", "80331"));
    let nameless = sonja("nameless", "", "web", "").with("nameless", &[]);
    let told = Told::of(&[&one, &other, &nameless]);
    assert!(told.are_all_apart(), "{:?}", &told.linked.clusters[told.from..]);
    are_joined(&one, &other.with("herself", &[("surname", "Reuter"), ("email", "sonja93@mail.example")]));
}

#[test]
fn father_and_son_are_told_apart_by_what_stands_behind_the_name() {
    let father =
        anna().with("father", &[("given_name", "Hans"), ("birth_date", ""), ("email", ""), ("name_suffix", "sen.")]);
    let son = father.clone().with("son", &[("name_suffix", "jun.")]);
    stay_apart(&father, &son);
    are_joined(&father, &son.with("himself", &[("name_suffix", "")]));
}
