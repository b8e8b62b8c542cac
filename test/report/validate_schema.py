#!/usr/bin/env python3
"""Checks a JSON file against a JSON schema: validate_schema.py SCHEMA FILE ("-" for stdin).

Exit code 0 if it conforms, 1 with one line per violation, 2 if a file cannot be read.
Numbers that JSON does not know (NaN, Infinity) are violations too.
"""

import json
import sys

import jsonschema


def refuse_constant(text):
    raise ValueError(f"{text} is not JSON")


def violations(schema, document):
    """Messages, each with its place in the document."""
    jsonschema.Draft202012Validator.check_schema(schema)
    found = jsonschema.Draft202012Validator(schema).iter_errors(document)
    return [f"/{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in found]


def read(path):
    if path == "-":
        return json.load(sys.stdin, parse_constant=refuse_constant)
    with open(path, encoding="utf-8") as file:
        return json.load(file, parse_constant=refuse_constant)


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        schema, document = (read(path) for path in arguments)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    messages = violations(schema, document)
    for message in messages:
        print(message, file=sys.stderr)
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
