"""Splink, set up as its documentation does, on the demo's flat table; prints precision, recall and F1 of pairs over clusters.

    pip install splink==5.0.0 pandas
    cargo run --release -p kartei-demo --example organisation -- DIR 100000 1 2
    python tests/bench/peers/splink_documented.py DIR/flat.csv
"""

import logging
import sys
import time
from collections import Counter

import pandas
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

logging.disable(logging.INFO)

COMPARISONS = [
    cl.ForenameSurnameComparison("given_name", "surname", forename_surname_concat_col_name="full_name"),
    cl.DateOfBirthComparison("birth_date", input_is_string=True),
    cl.EmailComparison("email"),
    cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
    cl.ExactMatch("mobile").configure(term_frequency_adjustments=True),
    cl.JaroWinklerAtThresholds("street", [0.9]).configure(term_frequency_adjustments=True),
    cl.ExactMatch("postal_code").configure(term_frequency_adjustments=True),
    cl.ExactMatch("city").configure(term_frequency_adjustments=True),
]
BLOCKING = [
    block_on("given_name", "surname"),
    block_on("surname", "birth_date"),
    block_on("given_name", "birth_date"),
    block_on("email"),
    block_on("phone"),
    block_on("mobile"),
    block_on("surname", "postal_code"),
    block_on("street", "house_number", "postal_code"),
]
DETERMINISTIC = [block_on("given_name", "surname", "birth_date"), block_on("email"), block_on("mobile")]
TRAINING = [block_on("given_name", "surname"), block_on("birth_date"), block_on("email")]


def scored_pairs(data):
    settings = SettingsCreator(
        link_type="dedupe_only", comparisons=COMPARISONS, blocking_rules_to_generate_predictions=BLOCKING
    )
    linker = Linker(DuckDBAPI().register(data), settings)
    linker.training.estimate_probability_two_random_records_match(DETERMINISTIC, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e7)
    for rule in TRAINING:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    return linker.inference.predict(threshold_match_probability=0.01).as_duckdbpyrelation().df()


def clusters(count, edges):
    parent = list(range(count))

    def find(node):
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in edges:
        left, right = find(left), find(right)
        parent[max(left, right)] = min(left, right)
    return [find(node) for node in range(count)]


def pairs_in(groups):
    return sum(size * (size - 1) // 2 for size in Counter(groups).values())


def judged(people, edges):
    found = clusters(len(people), edges)
    right, claimed, true = pairs_in(zip(found, people)), pairs_in(found), pairs_in(people)
    precision, recall = right / max(claimed, 1), right / true
    return f"P {precision:.3f}  R {recall:.3f}  F1 {2 * precision * recall / max(precision + recall, 1e-9):.3f}"


def main(path):
    data = pandas.read_csv(path, dtype=str, keep_default_na=False).replace({"": None})
    people = data["person"].tolist()
    data["unique_id"] = data.index
    data["birth_date"] = data["birth_date"].where(data["birth_date"].str.len() == 10, None)
    names = data["given_name"].fillna("") + " " + data["surname"].fillna("")
    data["full_name"] = names.str.strip().replace({"": None})
    start = time.time()
    pairs = scored_pairs(data.drop(columns=["person", "key", "birth_surname"]))
    print(f"{len(people)} records, {pairs_in(people)} true pairs, {len(pairs)} candidates, {time.time() - start:.1f} s")
    left, right = pairs["unique_id_l"].tolist(), pairs["unique_id_r"].tolist()
    weights = pairs["match_weight"].tolist()
    for threshold in (0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999):
        edges = [(a, b) for a, b, weight in zip(left, right, weights) if 1 / (1 + 2.0**-weight) >= threshold]
        print(f"at {threshold:<7} {judged(people, edges)}")
    print(f"perfect judge {judged(people, [(a, b) for a, b in zip(left, right) if people[a] == people[b]])}")


main(sys.argv[1])
