"""Splink set up by somebody who knows that people live in households: what an expert could reach on the demo organisation.

- Names are folded, and those that a record lacks are read out of the local part of its mail address.
- An address or a landline, and a shared mail address, count little where the given names clearly differ.
- How often strangers share a mail address, a number, or a full name with PLZ is set by judgement: among random pairs nearly all
  that do are one person, so that it cannot be learnt from them.
- A name in a mail address is not compared as well, so that it is not counted on top of names that agree.
"""

import re
import unicodedata
from collections import Counter

from splink import block_on

COMPATIBLE = (
    "(given_l is null or given_r is null or given_l = given_r or jaro_winkler_similarity(given_l, given_r) >= 0.88"
    " or starts_with(given_l, given_r) or starts_with(given_r, given_l))"
)
DIFFERENT = f"not {COMPATIBLE}"


def prepared(people):
    people = people.astype(object).where(people.notna(), None)
    given = [folded(name) for name in people["given_name"]]
    surname = [folded(name) for name in people["surname"]]
    given, surname = named_by_mail(given, surname, people["email"])
    given = [name.split(" ")[0] if name else None for name in given]
    people["given"], people["surname"] = given, surname
    both = [f"{given} {surname}" if given and surname else None for given, surname in zip(given, surname)]
    people["full_name"] = both
    before_at = [mail.split("@")[0] if mail else "" for mail in people["email"]]
    people["local"] = [local if len(local) >= 6 else None for local in before_at]
    people["year"] = [date[:4] if date else None for date in people["birth_date"]]
    people["day"] = [date if date and len(date) == 10 else None for date in people["birth_date"]]
    people["home"] = [
        f"{plain(street)} {house} {code}".lower() if street and house and code else None
        for street, house, code in zip(people["street"], people["house_number"], people["postal_code"])
    ]
    columns = ["unique_id", "file", "given", "surname", "full_name", "day", "year", "email", "local", "phone", "mobile"]
    return SETUP, people[[*columns, "home", "postal_code", "city"]].copy()


def plain(street):
    return re.sub(r"(stra(ss|ß)e|str\.?)$", "str", street.lower())


def folded(name):
    if not name:
        return None
    name = name.lower().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")
    name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z ]+", " ", name).strip() or None


def named_by_mail(given, surname, mails):
    """Fills in the names that a record lacks from `given.surname@` or `surname.given@`."""
    is_given, is_surname = Counter(filter(None, given)), Counter(filter(None, surname))
    filled = ([], [])
    for one, other, mail in zip(given, surname, mails):
        if mail and not (one and other):
            words = [word for word in re.split(r"[._\-]", re.sub(r"\d+", "", mail.split("@")[0])) if len(word) > 2]
            if len(words) == 2:
                forwards = is_given[words[0]] + is_surname[words[1]]
                backwards = is_given[words[1]] + is_surname[words[0]]
                first, last = words if forwards >= backwards else words[::-1]
                one = one or (first if is_given[first] else None)
                other = other or (last if is_surname[last] else None)
        filled[0].append(one)
        filled[1].append(other)
    return filled


def level(condition, m=None, u=None, frequency=None, least=None):
    """A level whose m or u is fixed where it is given, else learnt."""
    made = {"sql_condition": condition, "label_for_charts": condition}
    if m is not None:
        made |= {"m_probability": m, "fix_m_probability": True}
    if u is not None:
        made |= {"u_probability": u, "fix_u_probability": True}
    if frequency:
        made |= {"tf_adjustment_column": frequency, "tf_adjustment_weight": 1.0, "tf_minimum_u_value": least or 1e-6}
        made |= {"disable_tf_exact_match_detection": True}
    return made


def missing(condition):
    return {"sql_condition": condition, "label_for_charts": "missing", "is_null_level": True}


def comparison(name, *levels):
    return {"output_column_name": name, "comparison_levels": [*levels, {"sql_condition": "ELSE", "label_for_charts": "else"}]}


def shared(column, together, apart, apart_m):
    """A contact: strong where the given names may be one person's, weak where they differ."""
    return comparison(
        column,
        missing(f"{column}_l is null or {column}_r is null"),
        level(f"{column}_l = {column}_r and {COMPATIBLE}", u=together),
        level(f"{column}_l = {column}_r and {DIFFERENT}", m=apart_m, u=apart),
    )


NAME = comparison(
    "name",
    missing("(given_l is null and surname_l is null) or (given_r is null and surname_r is null)"),
    level("full_name_l = full_name_r", frequency="full_name", least=2e-6),
    level("given_l = surname_r and surname_l = given_r", u=1e-7),
    level("jaro_winkler_similarity(given_l, given_r) >= 0.92 and jaro_winkler_similarity(surname_l, surname_r) >= 0.92"),
    level(f"surname_l = surname_r and {COMPATIBLE}", frequency="surname"),
    level("given_l = given_r and (surname_l is null or surname_r is null)", frequency="given"),
    level(f"{COMPATIBLE} and (contains(surname_l, surname_r) or contains(surname_r, surname_l))"),
    level("given_l = given_r", frequency="given"),
    level(f"surname_l = surname_r and {DIFFERENT}", m=0.006, frequency="surname"),
)
BIRTH = comparison(
    "birth",
    missing("year_l is null or year_r is null"),
    level("day_l = day_r"),
    level("year_l = year_r and (day_l is null or day_r is null)"),
    level("damerau_levenshtein(day_l, day_r) <= 1"),
    level("year_l = year_r"),
)
PLACE = comparison(
    "place",
    missing("(home_l is null or home_r is null) and (postal_code_l is null or postal_code_r is null) and (city_l is null or city_r is null)"),
    level(f"home_l = home_r and {COMPATIBLE}", u=4e-7),
    level(f"home_l = home_r and {DIFFERENT}", m=4e-6, u=2e-6),
    level(f"postal_code_l = postal_code_r and {COMPATIBLE}", frequency="postal_code", least=1e-5),
    level(f"postal_code_l = postal_code_r and {DIFFERENT}", m=0.01),
    level("city_l = city_r", frequency="city", least=1e-4),
)
SETUP = {
    "comparisons": [
        NAME,
        BIRTH,
        comparison(
            "email",
            missing("email_l is null or email_r is null"),
            level(f"email_l = email_r and {COMPATIBLE}", u=1e-8),
            level(f"email_l = email_r and {DIFFERENT}", m=0.01, u=5e-7),
            level("local_l = local_r", u=1e-6),
        ),
        shared("mobile", 1e-8, 5e-8, 1e-4),
        shared("phone", 3e-8, 1e-6, 2e-6),
        PLACE,
    ],
    "blocking": [
        block_on("full_name"),
        block_on("surname", "day"),
        block_on("given", "day"),
        block_on("email"),
        block_on("local"),
        block_on("phone"),
        block_on("mobile"),
        block_on("surname", "postal_code"),
        block_on("given", "postal_code", "year"),
        block_on("home"),
    ],
    "deterministic": [
        "l.full_name = r.full_name and l.day = r.day",
        f"l.email = r.email and l.surname = r.surname and l.given = r.given",
        "l.mobile = r.mobile and l.given = r.given",
        "l.full_name = r.full_name and l.postal_code = r.postal_code",
    ],
    "recall": 0.6,
    "max_pairs": 2e7,
    "training": [block_on("full_name"), block_on("email"), block_on("surname", "postal_code")],
}
