"""Splink on one set: `splink_peer.py FOLDER SETUP`, where SETUP is `documented` or, for the demo organisation, `expert`.

Reads `people.parquet`; writes `splink-SETUP.parquet` with `left,right,probability`: every pair that the set-up scored.
"""

import logging
import sys
from pathlib import Path

import pandas
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

import splink_expert
import splink_setups

logging.disable(logging.WARNING)


def scored(setup, tables):
    """Trains the model as the set-up says, scores its candidates, and clusters once, since that belongs to the work."""
    linker = Linker(
        [DuckDBAPI().register(tables[0])] if len(tables) == 1 else registered(tables),
        SettingsCreator(
            link_type="dedupe_only" if len(tables) == 1 else "link_only",
            comparisons=setup["comparisons"],
            blocking_rules_to_generate_predictions=setup["blocking"],
        ),
    )
    training = linker.training
    training.estimate_probability_two_random_records_match(setup["deterministic"], recall=setup["recall"])
    training.estimate_u_using_random_sampling(max_pairs=setup["max_pairs"], seed=1)
    for rule in setup["training"]:
        training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=0.001)
    linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=0.95)
    found = pairs.as_duckdbpyrelation().df()
    weight = found["match_weight"].clip(-60, 60)
    return pandas.DataFrame(
        {
            "left": found["unique_id_l"].astype("int64"),
            "right": found["unique_id_r"].astype("int64"),
            "probability": 1 / (1 + 2.0**-weight),
        }
    )


def registered(tables):
    database = DuckDBAPI()
    return [database.register(table) for table in tables]


def main(folder, setup):
    folder = Path(folder)
    family = (folder / "family").read_text()
    people = pandas.read_parquet(folder / "people.parquet")
    people["unique_id"] = people.index
    if setup == "expert":
        chosen, people = splink_expert.prepared(people)
    else:
        chosen, people = splink_setups.prepared(family, people)
    if family == "febrl" and people["file"].nunique() > 1:
        tables = [table for _, table in people.groupby("file")]
    else:
        tables = [people]
    tables = [table.drop(columns=["file"]) for table in tables]
    scored(chosen, tables).to_parquet(folder / f"splink-{setup}.parquet", index=False)


main(*sys.argv[1:])
