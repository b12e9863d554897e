"""Measures kartei and its peers on every set that is there, keeps the figures in a JSON file, and writes `docs/accuracy.md`.

Called by `run`; `measure.py --help` tells the options.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy
import pandas

import page
import scoring
import sets

HERE = Path(__file__).parent
THRESHOLDS = [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999]
KARTEI_THRESHOLDS = [0.2, 0.3, 0.5, 0.7, 0.9, 0.98]
BINS = numpy.array([0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 0.99, 0.999, 1.0001])
SCHEMA = "[thresholds]\n{}\n"


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder with `linkage/`; sets that it lacks are passed by")
    parser.add_argument("--kartei", type=Path, required=True, help="the binary to measure")
    parser.add_argument("--organisation", type=Path, required=True, help="the example that makes the demo organisation")
    parser.add_argument("--profile", required=True, help="how both were built, for the page")
    parser.add_argument("--work", type=Path, required=True, help="where sets and results are kept between runs")
    parser.add_argument("--people", default="100000,1000000", help="sizes of the demo organisation")
    parser.add_argument("--only", default="", help="sets to measure, by name, separated by commas")
    parser.add_argument("--tools", default="kartei,documented,expert,goldenmatch", help="whom to measure; the rest keep their figures")
    parser.add_argument("--goldenmatch-people", type=int, default=100_000, help="largest organisation for goldenmatch (16.7 GB at 1,000,000)")
    parser.add_argument("--no-curves", action="store_true", help="without kartei's runs at other thresholds")
    parser.add_argument("--machine", default="", help="a remark on the machine, e.g. that it did other work")
    return parser.parse_args()


def timed(command):
    """Runs a command; gives seconds, CPU seconds and peak memory in MB. What it says goes to a log that is shown if it fails."""
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{said[-3000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return {"wall": time.monotonic() - start, "cpu": cpu, "memory": usage.ru_maxrss / 1024}


class Bench:
    def __init__(self, chosen):
        self.chosen = chosen
        self.results_file = chosen.work / "results.json"
        self.results = json.loads(self.results_file.read_text()) if self.results_file.exists() else {}

    def run(self):
        tools = self.chosen.tools.split(",")
        wanted = [name for name in self.chosen.only.split(",") if name]
        for one in sets.known([int(count) for count in self.chosen.people.split(",") if count]):
            if wanted and one.name not in wanted:
                continue
            if not one.found(self.chosen.data):
                print(f"{one.name}: absent from {self.chosen.data}, passed by")
                continue
            folder = self.chosen.work / "sets" / one.name
            files = sets.lay_out(one, self.chosen.data, folder, self.make_people)
            (folder / "family").write_text(one.family)
            for tool in tools:
                self.measure(one, tool, files, folder)

    def make_people(self, folder, people):
        timed([self.chosen.organisation, folder, str(people), "1", "2"])
        shutil.rmtree(folder / "inbox")

    def measure(self, one, tool, files, folder):
        if tool == "expert" and one.family != "demo":
            return
        if tool == "goldenmatch" and one.people > self.chosen.goldenmatch_people:
            return
        truth = pandas.read_parquet(folder / "truth.parquet")
        homes = truth["household"] if one.family == "demo" else None
        try:
            if tool == "kartei":
                found = self.kartei(files, folder, truth["person"], homes)
            elif tool == "goldenmatch":
                found = self.goldenmatch(folder, truth["person"], homes)
            else:
                found = self.splink(tool, folder, truth["person"], homes)
        except RuntimeError as error:
            print(f"{one.name:16} {tool:12} failed: {error}", flush=True)
            found = {"failed": str(error).strip().splitlines()[-1][:200]}
        entry = self.results.setdefault(one.name, {"title": one.title, "tools": {}})
        entry |= {"records": len(truth), "persons": int(truth["person"].nunique())}
        entry["true_pairs"] = scoring.pairs(truth.groupby("person").size())
        entry["tools"][tool] = found | {"date": date.today().isoformat(), "profile": self.chosen.profile, "machine": machine(self.chosen.machine)}
        self.results_file.write_text(json.dumps(self.results, indent=1))
        if "f1" in found:
            print(
                f"{one.name:16} {tool:12} F1 {found['f1']:.4f}  P {found['precision']:.4f}  R {found['recall']:.4f}  "
                f"B3 {found['bcubed']:.4f}  {found['wall']:6.1f} s  {found['memory']:6.0f} MB",
                flush=True,
            )

    def kartei(self, files, folder, person, homes):
        command = [self.chosen.kartei, "match", *files, "--out", folder / "clusters.csv", "--json"]
        work = timed(command)
        summary = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        found = work | scoring.score(self.clusters(folder / "clusters.csv", len(person)), person, homes)
        found["threshold"] = summary["merge_threshold"]
        if self.chosen.no_curves:
            return found
        schema = folder / "match.toml"
        schema.write_text(SCHEMA.format("review = 0.003"))
        timed([*command, "--schema", schema, "--pairs", folder / "pairs.csv"])
        scored = self.pairs(files, folder / "pairs.csv")
        found["reliability"] = scoring.reliability(scored, person, BINS)
        found["perfect"] = scoring.perfect_judge(len(person), scored, person)
        found["curve"] = []
        for threshold in KARTEI_THRESHOLDS:
            schema.write_text(SCHEMA.format(f"merge = {threshold}"))
            timed([*command, "--schema", schema])
            at = scoring.score(self.clusters(folder / "clusters.csv", len(person)), person)
            found["curve"].append([threshold, at["precision"], at["recall"], at["f1"]])
        return found

    def clusters(self, file, count):
        """One label a record, in the order of the files. A row that kartei set aside stands alone."""
        found = pandas.read_csv(file, dtype=str)
        if len(found) != count:
            raise RuntimeError(f"{file} has {len(found)} rows, not {count}")
        return found["person"]

    def pairs(self, files, file):
        """Scored pairs in the rows of all files together."""
        clusters = pandas.read_csv(file.parent / "clusters.csv", dtype=str)
        row_of = pandas.Series(range(len(clusters)), index=pandas.MultiIndex.from_frame(clusters[["source", "record"]]))
        scored = pandas.read_csv(file, dtype={"left_record": str, "right_record": str})
        rows = [
            row_of.loc[pandas.MultiIndex.from_frame(scored[[f"{side}_source", f"{side}_record"]])].to_numpy()
            for side in ("left", "right")
        ]
        return pandas.DataFrame({"left": rows[0], "right": rows[1], "probability": scored["probability"]})

    def splink(self, setup, folder, person, homes):
        work = timed([sys.executable, HERE / "splink_peer.py", folder, setup])
        scored = pandas.read_parquet(folder / f"splink-{setup}.parquet")
        curve = scoring.sweep(len(person), scored, person, THRESHOLDS)
        best = max(curve, key=lambda point: point[3])[0]
        usual = next(point for point in curve if point[0] == 0.95)
        kept = scored[scored["probability"] >= best]
        found = scoring.score(scoring.components(len(person), kept["left"], kept["right"]), person, homes)
        return work | found | {
            "threshold": best,
            "usual_f1": usual[3],
            "curve": curve,
            "perfect": scoring.perfect_judge(len(person), scored, person),
            "reliability": scoring.reliability(scored, person, BINS),
        }

    def goldenmatch(self, folder, person, homes):
        work = timed([sys.executable, HERE / "goldenmatch_peer.py", folder])
        return work | scoring.score(pandas.read_parquet(folder / "goldenmatch.parquet")["found"], person, homes)


def machine(remark):
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB" + (f", {remark}" if remark else "")


def main():
    chosen = options()
    chosen.work.mkdir(parents=True, exist_ok=True)
    bench = Bench(chosen)
    bench.run()
    page.write(bench.results, HERE.parents[2] / "docs")


if __name__ == "__main__":
    main()
