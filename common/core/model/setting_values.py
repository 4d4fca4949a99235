"""The values of one ConfigMap, read with their defaults; what cannot be read is noted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from common.core.errors import FieldError, InvalidInput
from common.core.model.durations import EXPECTED as A_DURATION
from common.core.model.durations import parse_duration
from common.core.model.quantities import parse_quantity
from common.core.model.reading import field_error, read
from common.core.model.resource_filters import ResourceFilter
from common.core.model.secret_values import TRUTHS


class SettingValues:
    """One ConfigMap's `data`."""

    def __init__(self, name: str, values: Mapping[str, str]) -> None:
        self.name = f"ConfigMap {name}"
        self.errors: list[FieldError] = []
        self._values = values

    def has(self, key: str) -> bool:
        """Whether it is set, possibly to nothing."""
        return key in self._values

    def text(self, key: str) -> str:
        """The value without white space around it; empty when it is not set."""
        return self._values.get(key, "").strip()

    def below(self, prefix: str) -> dict[str, str]:
        """The values whose keys begin with a prefix, by the rest of the key, sorted."""
        return {
            key.removeprefix(prefix): value.strip()
            for key, value in sorted(self._values.items())
            if key.startswith(prefix) and key != prefix
        }

    def listed(self, key: str) -> tuple[str, ...]:
        """The parts of a list with commas."""
        return tuple(part for raw in self.text(key).split(",") if (part := raw.strip()))

    def truth(self, key: str, *, default: bool) -> bool:
        """A boolean."""
        text = self.text(key)
        found = TRUTHS.get(text) if text else default
        if found is None:
            self._refuse(key, text, "true or false")
            return default
        return found

    def number(self, key: str, default: int) -> int:
        """A whole number from 0."""
        return int(self._number(key, default, r"\d+", "a whole number from 0"))

    def limit(self, key: str, default: int) -> int | None:
        """A whole number that is a limit; None for none, that is below 1."""
        found = int(self._number(key, default, r"-?\d+", "a whole number"))
        return found if found > 0 else None

    def decimal(self, key: str, default: float) -> float:
        """A number from 0, such as of seconds."""
        return self._number(key, default, r"\d+(\.\d+)?", "a number from 0")

    def _number(self, key: str, default: float, grammar: str, expected: str) -> float:
        text = self.text(key)
        if not text:
            return default
        if not re.fullmatch(grammar, text, re.ASCII):
            self._refuse(key, text, expected)
            return default
        return float(text)

    def seconds(self, key: str, default: float) -> float:
        """A duration, in seconds."""
        text = self.text(key)
        if not text:
            return default
        try:
            found = parse_duration(text).total_seconds()
        except InvalidInput:
            found = -1.0
        if found < 0:
            self._refuse(key, text, A_DURATION)
            return default
        return found

    def size(self, key: str, default: int) -> int:
        """A quantity of bytes."""
        text = self.text(key)
        if not text:
            return default
        try:
            found = int(parse_quantity(text))
        except InvalidInput:
            found = -1
        if found < 0:
            self._refuse(key, text, "a size such as 10M")
            return default
        return found

    def yaml(self, key: str, kind: type[Any]) -> Any:
        """A YAML document of a type; an empty one where there is none or it cannot be read."""
        text = self.text(key)
        try:
            made = yaml.safe_load(text) if text else None
        except yaml.YAMLError as error:
            self._refuse(key, " ".join(str(error).split()), "YAML")
            return kind()
        if made is not None and not isinstance(made, kind):
            self._refuse(key, made, "a mapping" if kind is dict else "a list")
            return kind()
        return kind() if made is None else made

    def option(self, options: Mapping[str, Any], place: str, name: str, *, default: bool) -> bool:
        """A boolean of a YAML document."""
        found = options.get(name, default)
        if not isinstance(found, bool):
            self._refuse(f"{place}.{name}", found, "true or false")
            return default
        return found

    def chosen(self, found: Any, place: str, allowed: tuple[str, ...], default: str) -> str:
        """One of several words."""
        if found is None or found == "":
            return default
        if found is False:  # `off` and `no` are false in YAML
            found = "false"
        if found not in allowed:
            self._refuse(place, found, f"one of {', '.join(allowed)}")
            return default
        return str(found)

    def filters(self, key: str) -> tuple[ResourceFilter, ...]:
        """A YAML list of resource filters. One with an error is left out whole, for without the part that
        cannot be read it would select more.
        """
        made = []
        for i, raw in enumerate(self.yaml(key, list)):
            one, errors = read(raw, ResourceFilter, name=self.name, at=f"{key}[{i}]")
            self.errors += errors
            if not errors:
                made.append(one)
        return tuple(made)

    def _refuse(self, key: str, found: object, expected: str) -> None:
        self.errors.append(field_error(self.name, key, found, expected))

    @staticmethod
    def regex_matches(pattern: str, text: str) -> bool:
        """Whether a regular expression is found in a text; one that cannot be read is not."""
        try:
            return re.search(pattern, text) is not None
        except re.error:
            return False
