"""How good clusters are: pairs, B-cubed, false and missed merges, and false merges inside households."""

import numpy
import pandas
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def numbered(labels):
    return pandas.factorize(pandas.Series(labels))[0]


def pairs(sizes):
    sizes = numpy.asarray(sizes, dtype=numpy.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def score(found, truth, households=None):
    """Measures of clusters against persons; all three are label arrays with one entry a record."""
    table = pandas.DataFrame({"found": numbered(found), "truth": numbered(truth)})
    cells = table.groupby(["found", "truth"], sort=True).size().rename("count").reset_index()
    clusters = table.groupby("found").size()
    persons = table.groupby("truth").size()
    right, claimed, true = pairs(cells["count"]), pairs(clusters), pairs(persons)
    precision = right / claimed if claimed else 1.0
    recall = right / true if true else 1.0
    squares = cells["count"] ** 2
    cubed_precision = float((squares / cells["found"].map(clusters)).sum() / len(table))
    cubed_recall = float((squares / cells["truth"].map(persons)).sum() / len(table))
    per_10000 = 10_000 / len(table)
    measures = {
        "f1": harmonic(precision, recall),
        "precision": precision,
        "recall": recall,
        "bcubed": harmonic(cubed_precision, cubed_recall),
        "false_merges": per_10000 * (len(table) - int(cells.groupby("found")["count"].max().sum())),
        "missed_merges": per_10000 * (len(table) - int(cells.groupby("truth")["count"].max().sum())),
    }
    if households is not None:
        measures["household_merges"] = per_10000 * household_merges(cells, truth, households)
    return measures


def household_merges(cells, truth, households):
    """Records that stand in a cluster with more records of somebody else of their own household."""
    home_of = pandas.Series(numbered(households)).groupby(numbered(truth)).first()
    ordered = cells.sort_values(["found", "count", "truth"], ascending=[True, False, True])
    most = ordered.groupby("found").first()["truth"]
    guests = ordered[ordered["truth"] != ordered["found"].map(most)]
    at_home = guests["truth"].map(home_of) == guests["found"].map(most).map(home_of)
    return int(guests.loc[at_home, "count"].sum())


def harmonic(left, right):
    return 2 * left * right / (left + right) if left + right else 0.0


def components(count, left, right):
    """Connected components, as Splink forms them."""
    graph = coo_matrix((numpy.ones(len(left), dtype=numpy.int8), (left, right)), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def sweep(count, scored, truth, thresholds):
    """F1 of the clusters at each threshold."""
    curve = []
    for threshold in thresholds:
        kept = scored[scored["probability"] >= threshold]
        found = score(components(count, kept["left"], kept["right"]), truth)
        curve.append([threshold, found["precision"], found["recall"], found["f1"]])
    return curve


def perfect_judge(count, scored, truth):
    """F1 of a judge who is right on every pair that was scored."""
    person = numbered(truth)
    right = scored[person[scored["left"]] == person[scored["right"]]]
    return score(components(count, right["left"], right["right"]), truth)["f1"]


def reliability(scored, truth, bins):
    """Of the pairs given a probability, how many are right: mean probability, right share, pairs, by bin."""
    person = numbered(truth)
    is_right = person[scored["left"]] == person[scored["right"]]
    place = numpy.digitize(scored["probability"], bins[1:-1])
    rows = []
    for number in range(len(bins) - 1):
        inside = place == number
        if inside.sum() >= 20:
            mean = float(scored["probability"][inside].mean())
            rows.append([mean, float(is_right[inside].mean()), int(inside.sum())])
    return rows
