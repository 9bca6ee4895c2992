"""Words of the command line: pasted dashes mended, `--config FILE` opened, 500k read, misspellings answered."""

import json
import os
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gansmith.errors import UsageError
from gansmith.train.run import parse_count

if TYPE_CHECKING:
    import cyclopts

MOST_BYTES = 1 << 20  # of a file of options
LONG_DASHES = "\u2013\u2014\u2212"


def plain_dashes(words: Sequence[str]) -> list[str]:
    """Turn the long dashes that word processors make of `--` back; a number after one, as in –5, gets a minus."""
    return [_plain(word) if word[:1] in LONG_DASHES and word[1:] else word for word in words]


def _plain(word: str) -> str:
    name = word.lstrip(LONG_DASHES + "-")
    dashes = "-" if name[:1].isdigit() or name[:1] == "." or len(name) == 1 else "--"
    return dashes + name


def expand_config(words: Sequence[str], app: "cyclopts.App") -> list[str]:
    """Replace `--config FILE` by the options in the file; those typed beside it, by whichever name, win."""
    words = list(words)
    flag = next((i for i, word in enumerate(words) if word == "--config" or word.startswith("--config=")), None)
    if flag is None:
        return words
    joined = "=" in words[flag]
    if not joined and flag + 1 == len(words):
        raise UsageError("--config needs a file", "--config settings.toml")
    path = Path(words[flag].partition("=")[2] if joined else words[flag + 1])
    rest = words[:flag] + words[flag + (1 if joined else 2) :]
    typed = {word.partition("=")[0].replace("_", "-") if word[:2] == "--" else word[:2] for word in rest}
    verb, _ = _called(app, rest)
    known = verb.assemble_argument_collection() if verb.default_command else ()
    names = {name: argument.names for argument in known for name in argument.names}
    for key, value in _read(path).items():
        option = "--" + key.replace("_", "-")
        if value is not None and typed.isdisjoint(names.get(option, (option,))):
            rest.append(f"{option}={_as_word(value)}")
    return rest


def _called(app: "cyclopts.App", words: Sequence[str]) -> tuple["cyclopts.App", list[str]]:
    """Return the verb that `words` begin with, as an application and as words."""
    verb: list[str] = []
    for word in words:
        if word.startswith("-") or word not in app:
            break
        app, verb = app[word], [*verb, word]
    return app, verb


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.exists() and not (path.is_file() and path.stat().st_size <= MOST_BYTES):
            raise UsageError(f"{path} is no file of options", "name a TOML or JSON file with --config")
        text = path.read_text(encoding="utf-8")
        value = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "name a TOML or JSON file with --config") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not valid {path.suffix[1:] or 'TOML'}: {error}", "mend the file") from None
    if not isinstance(value, dict):
        raise UsageError(f"{path} holds no options", 'write them as key = value, or {"key": value} in JSON')
    if nested := [key for key, inner in value.items() if isinstance(inner, dict)]:
        raise UsageError(f"{path} has a section {nested[0]!r}, which is no option", "write every option as key = value")
    return value


def _as_word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def as_words(options: Mapping[str, Any]) -> list[str]:
    """Write options as words, `fit="crop"` as --fit crop; those that are None or False are left out."""
    words: list[str] = []
    for name, value in options.items():
        if value is not None and value is not False:
            words += [f"--{name.replace('_', '-')}"] + ([] if value is True else [_as_word(value)])
    return words


def convert(type_: Any, tokens: "Sequence[cyclopts.Token]") -> Any:
    """Convert words as cyclopts does, but read 500k and 2M as whole numbers."""
    import cyclopts  # here, as the front page does without it

    if type_ not in (int, int | None):
        return cyclopts.convert(type_, tokens)
    try:
        return parse_count(tokens[0].value)
    except UsageError as error:
        raise UsageError(f"{tokens[0].keyword or 'an argument'}: {error}", error.remedy) from None


FOR_PATHS = {(): "gansmith train", ("data",): "gansmith data check"}  # where a verb was left out before data


def misunderstood(error: "cyclopts.CycloptsError", app: "cyclopts.App", words: Sequence[str]) -> tuple[str, str]:
    """Return what of `words` could not be parsed, and the nearest thing that could."""
    message, _, guess = " ".join(str(error).split()).partition(" Did you mean ")
    _, verb = _called(app, words)
    see = " ".join(["gansmith", *verb, "--help"])
    first = words[len(verb)] if len(verb) < len(words) else ""
    if guess:
        remedy = f"did you mean {guess.partition('?')[0]}? (see: {see})"
    elif tuple(verb) in FOR_PATHS and os.path.exists(first):  # unlike Path.exists it takes names that are too long
        remedy = f"{FOR_PATHS[tuple(verb)]} {shlex.quote(first)} (see: {see})"
    else:
        remedy = f"see: {see}"
    return message.partition(" Available commands")[0], remedy
