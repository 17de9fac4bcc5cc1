"""All mutants of a file, by the operators of mutmut: here also of constants and of decorated functions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import libcst as cst
from libcst.metadata import CodePosition, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

NO_BEHAVIOUR = (cst.Annotation, cst.Import, cst.ImportFrom)
CHECKED_BY_TYPES = {"isinstance", "len", "TypeVar", "ParamSpec"}


@dataclass(frozen=True)
class Mutant:
    file: Path
    line: int
    before: str
    after: str
    code: Callable[[], str]
    """Of the whole file, with the change."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.before} -> {self.after}"


def mutants(file: Path) -> list[Mutant]:
    wrapper = MetadataWrapper(cst.parse_module(file.read_text()))
    module, visitor = wrapper.module, _Visitor()
    wrapper.visit(visitor)
    return [
        Mutant(
            file, at.line, _one_line(module, old), _one_line(module, new), partial(_changed, module, old, new)
        )
        for at, old, new in visitor.found
    ]


def _changed(module: cst.Module, old: cst.CSTNode, new: cst.CSTNode) -> str:
    code: str = module.deep_replace(old, new).code
    return code


class _Visitor(cst.CSTVisitor):  # type: ignore[misc]  # not installed where it is checked
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[CodePosition, cst.CSTNode, cst.CSTNode]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, NO_BEHAVIOUR) or _is_checked_by_types(node):
            return False
        for mutated in _mutations(node):
            at = self.get_metadata(PositionProvider, node).start
            self.found.append((at, node, mutated))
        return True


def _mutations(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from operator(node)


def _is_checked_by_types(node: cst.CSTNode) -> bool:
    return (
        isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in CHECKED_BY_TYPES
    )


def _one_line(module: cst.Module, node: cst.CSTNode) -> str:
    return " ".join(module.code_for_node(node).split())[:160]
