"""Splink as its own documentation sets it up: the tutorial for fake_1000, and the examples on FEBRL 3, FEBRL 4 and the historical
people; for the demo organisation the ready-made comparisons that the documentation recommends for each kind of column.
"""

import splink.comparison_library as cl
from splink import block_on


def prepared(family, people):
    return {"historical": historical, "fake": fake, "febrl": febrl, "demo": demo}[family](people)


def exact(column):
    return cl.ExactMatch(column).configure(term_frequency_adjustments=True)


def historical(people):
    names = people["first_name"].fillna("") + " " + people["surname"].fillna("")
    people["both_names"] = names.str.strip().replace({"": None})
    setup = {
        "comparisons": [
            cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="both_names"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode_fake"),
            exact("birth_place"),
            exact("occupation"),
        ],
        "blocking": [
            block_on("substr(first_name,1,3)", "substr(surname,1,4)"),
            block_on("surname", "dob"),
            block_on("first_name", "dob"),
            block_on("postcode_fake", "first_name"),
            block_on("postcode_fake", "surname"),
            block_on("dob", "birth_place"),
            block_on("substr(postcode_fake,1,3)", "dob"),
            block_on("substr(postcode_fake,1,3)", "first_name"),
            block_on("substr(postcode_fake,1,3)", "surname"),
            block_on("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
        ],
        "deterministic": [
            block_on("first_name", "surname", "dob"),
            block_on("substr(first_name,1,2)", "surname", "substr(postcode_fake,1,2)"),
            block_on("dob", "postcode_fake"),
        ],
        "recall": 0.6,
        "max_pairs": 5e6,
        "training": [block_on("first_name", "surname"), block_on("dob")],
    }
    return setup, people.drop(columns=[name for name in ["full_name"] if name in people])


def fake(people):
    setup = {
        "comparisons": [
            cl.NameComparison("first_name"),
            cl.NameComparison("surname"),
            cl.LevenshteinAtThresholds("dob", 1),
            exact("city"),
            cl.EmailComparison("email"),
        ],
        "blocking": [block_on("first_name", "city"), block_on("surname"), block_on("dob"), block_on("email")],
        "deterministic": [
            block_on("first_name", "dob"),
            "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1",
            block_on("email"),
        ],
        "recall": 0.7,
        "max_pairs": 1e6,
        "training": [block_on("first_name", "surname"), block_on("dob")],
    }
    return setup, people


def febrl(people):
    has_number = "soc_sec_id" in people
    columns = ["given_name", "surname", "date_of_birth", "postcode", *(["soc_sec_id"] if has_number else [])]
    numbers = [cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2])] if has_number else []
    setup = {
        "comparisons": [
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            *numbers,
            exact("street_number"),
            exact("postcode"),
            cl.JaroWinklerAtThresholds("address_1", [0.9]),
        ],
        "blocking": [
            *(block_on(column) for column in columns),
            block_on("given_name", "surname"),
            block_on("street_number", "address_1"),
        ],
        "deterministic": [
            block_on("given_name", "surname", "date_of_birth"),
            *([block_on("soc_sec_id")] if has_number else [block_on("surname", "date_of_birth", "postcode")]),
        ],
        "recall": 0.8,
        "max_pairs": 5e6,
        "training": [block_on("date_of_birth"), block_on("given_name", "surname")],
    }
    return setup, people


def demo(people):
    people["birth_date"] = people["birth_date"].where(people["birth_date"].str.len() == 10, None)
    names = people["given_name"].fillna("") + " " + people["surname"].fillna("")
    people["full_name"] = names.str.strip().replace({"": None})
    setup = {
        "comparisons": [
            cl.ForenameSurnameComparison("given_name", "surname", forename_surname_concat_col_name="full_name"),
            cl.DateOfBirthComparison("birth_date", input_is_string=True),
            cl.EmailComparison("email"),
            exact("phone"),
            exact("mobile"),
            cl.JaroWinklerAtThresholds("street", [0.9]).configure(term_frequency_adjustments=True),
            exact("postal_code"),
            exact("city"),
        ],
        "blocking": [
            block_on("given_name", "surname"),
            block_on("surname", "birth_date"),
            block_on("given_name", "birth_date"),
            block_on("email"),
            block_on("phone"),
            block_on("mobile"),
            block_on("surname", "postal_code"),
            block_on("street", "house_number", "postal_code"),
        ],
        "deterministic": [block_on("given_name", "surname", "birth_date"), block_on("email"), block_on("mobile")],
        "recall": 0.7,
        "max_pairs": 2e7,
        "training": [block_on("given_name", "surname"), block_on("birth_date"), block_on("email")],
    }
    return setup, people.drop(columns=["source", "key", "birth_surname"])
