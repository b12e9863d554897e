"""The sets with truth that the matching is measured on, and how each is laid out for kartei and for the peers.

Each set becomes a folder: the files as kartei gets them (the truth taken out), `people.parquet` for the peers (plain columns,
empty cells null, one row a record in the same order) and `truth.parquet` (`person`, and `household` where it is known).
"""

from dataclasses import dataclass
from pathlib import Path

import pandas


@dataclass
class Set:
    name: str
    title: str
    family: str
    files: tuple
    dropped: tuple = ()
    people: int = 0

    def found(self, data):
        return self.people > 0 or all((data / file).exists() for file in self.files)


HISTORICAL = ("linkage/historical_figures_with_errors_50k.parquet",)
FEBRL4 = ("linkage/febrl4a.csv", "linkage/febrl4b.csv")


def known(people):
    """All sets; those that a folder lacks are passed by later."""
    sets = [
        Set("historical", "historical 50k, without full_name", "historical", HISTORICAL, ("full_name",)),
        Set("historical-full", "historical 50k, with full_name", "historical", HISTORICAL),
        Set("fake_1000", "fake_1000", "fake", ("linkage/fake_1000.csv",)),
    ]
    for name, title, files in [
        ("febrl2", "FEBRL 2", ("linkage/febrl2.csv",)),
        ("febrl3", "FEBRL 3", ("linkage/febrl3.csv",)),
        ("febrl4", "FEBRL 4, two files", FEBRL4),
    ]:
        sets.append(Set(name, title, "febrl", files))
        sets.append(Set(f"{name}-plain", f"{title}, without soc_sec_id", "febrl", files, ("soc_sec_id",)))
    for count in people:
        sets.append(Set(f"demo-{count}", f"demo organisation, {count:,} people", "demo", (), people=count))
    return sets


def lay_out(one, data, folder, make_people):
    """Writes the set's folder and returns kartei's files."""
    folder.mkdir(parents=True, exist_ok=True)
    if one.people:
        tables = [("people", made_up(one, folder, make_people))]
    else:
        tables = [(Path(file).stem, read(data / file)) for file in one.files]
    files, rows, persons, households = [], [], [], []
    for stem, table in tables:
        person, household, table = without_truth(one, table)
        path = folder / f"{stem}.csv"
        table.to_csv(path, index=False)
        files.append(path)
        rows.append(table.assign(file=stem))
        persons += person
        households += household
    people = pandas.concat(rows, ignore_index=True)
    people = people.map(lambda cell: cell if isinstance(cell, str) and cell.strip() else None)
    people.to_parquet(folder / "people.parquet", index=False)
    pandas.DataFrame({"person": persons, "household": households}).to_parquet(folder / "truth.parquet", index=False)
    return files


def read(path):
    if path.suffix == ".parquet":
        table = pandas.read_parquet(path).astype("string").astype(object)
        return table.where(table.notna(), "")
    table = pandas.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
    return table.rename(columns=str.strip).apply(lambda column: column.str.strip())


def made_up(one, folder, make_people):
    """The demo organisation as one flat table, with person and household beside each row."""
    flat = folder / "organisation" / "flat.csv"
    if not flat.exists():
        make_people(folder / "organisation", one.people)
    table = pandas.read_csv(flat, dtype=str, keep_default_na=False)
    truth = pandas.read_csv(folder / "organisation" / "truth.csv", dtype=str)
    both = table.drop(columns="person").merge(truth, on=["source", "key"], how="left", validate="one_to_one")
    assert both["person"].notna().all() and len(both) == len(table), "the flat table and the truth differ"
    return both


def without_truth(one, table):
    if one.family == "febrl":
        person = table["rec_id"].str.split("-").str[1].tolist()
        # The records' names tell the truth, so that they are numbered instead.
        table = table.drop(columns="rec_id")
        household = person
    elif one.family == "demo":
        person, household = table["person"].tolist(), table["household"].tolist()
        table = table.drop(columns=["person", "household"])
    else:
        person = table["cluster"].tolist()
        household = person
        table = table.drop(columns=["cluster", *(name for name in ["unique_id"] if name in table)])
    return person, household, table.drop(columns=[name for name in one.dropped if name in table])
