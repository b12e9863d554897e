"""goldenmatch on one set, without configuration: `goldenmatch_peer.py FOLDER`; writes `goldenmatch.parquet` with one label a record."""

import sys
from pathlib import Path

import goldenmatch
import pandas
import pyarrow


def main(folder):
    folder = Path(folder)
    people = pandas.read_parquet(folder / "people.parquet").drop(columns=["file"])
    people = people.drop(columns=[name for name in ["source", "key"] if name in people])
    table = pyarrow.Table.from_pandas(people, preserve_index=False)
    found = goldenmatch.dedupe_df(table, allow_red_config=True)
    labels = list(range(len(people)))
    for number, cluster in found.clusters.items():
        for member in cluster["members"]:
            labels[member] = len(people) + int(number)
    pandas.DataFrame({"found": labels}).to_parquet(folder / "goldenmatch.parquet", index=False)


main(*sys.argv[1:])
