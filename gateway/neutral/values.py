"""Values that are cheap to make: classes of fixed instances, and attributes that are made when first asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar, dataclass_transform

T = TypeVar("T")
Owner = TypeVar("Owner")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A frozen dataclass to mypy, and a plain one when it runs: making a frozen one takes four times as long.

    For what requests make many of. Use `dataclasses.replace` to derive another.
    """
    return dataclass(slots=True)(cls)


if TYPE_CHECKING:
    lazy = cached_property
else:

    class lazy(Generic[Owner, T]):
        """`functools.cached_property` without its lock, which one thread alone has no use for."""

        def __init__(self, make: Callable[[Owner], T]) -> None:
            self._make = make
            self.__doc__ = make.__doc__

        def __set_name__(self, owner: type[Owner], name: str) -> None:
            self._name = name

        def __get__(self, instance: Owner, owner: type[Owner] | None = None) -> T:
            made = instance.__dict__[self._name] = self._make(instance)
            return made
