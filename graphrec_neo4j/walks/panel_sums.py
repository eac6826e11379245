"""Weighted sums of rows of a panel, kept in vector registers; import inside functions only, numba is slow to import.

Numba's own loops store every partial sum to memory and load it again, which takes three times as long. So the
one innermost loop is written in the compiler's intermediate language, for any processor and any width.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from graphrec_neo4j.walks.two_sides import AHEAD

CACHE_LINE = 64
INTEGER, INDEX, DOUBLE = ir.IntType(32), ir.IntType(64), ir.DoubleType()


def _weighted_rows(
    typing: Any, neighbours: Any, weights: Any, start: Any, stop: Any, panel: Any, lanes: Any, total: Any
) -> Any:
    """total[:] = the sum over e in start..stop-1 of weights[e] * panel[neighbours[e], :].

    ``panel`` (n, b) and ``total`` (b,) are contiguous; ``lanes`` is any tuple of length b, which so is known when
    this is compiled. The sum has the precision of ``total``. Reads ``neighbours`` up to ``AHEAD`` past ``stop``
    to call rows into the cache in time.
    """
    signature = types.void(neighbours, weights, start, stop, panel, lanes, total)

    def generate(context: Any, builder: Any, _: Any, values: Any) -> Any:
        arrays = [
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(signature.args, values, strict=True)
            if isinstance(kind, types.Array)
        ]
        single, wide = (ir.VectorType(context.get_data_type(kind.dtype), lanes.count) for kind in (panel, total))
        _sum_rows(builder, arrays, values[2:4], single, wide)
        return context.get_dummy_value()

    return signature, generate


weighted_rows: Any = intrinsic(_weighted_rows)


def _sum_rows(builder: Any, arrays: list[Any], bounds: list[Any], single: Any, wide: Any) -> None:
    neighbours, weights, panel, total = arrays
    sums = cgutils.alloca_once(builder, wide)
    builder.store(ir.Constant(wide, None), sums)
    with cgutils.for_range_slice(builder, bounds[0], bounds[1], ir.Constant(INDEX, 1)) as (edge, _):
        ahead = _row(builder, panel, neighbours, builder.add(edge, ir.Constant(INDEX, AHEAD)), single)
        _prefetch(builder, ahead, single)
        row = builder.load(_row(builder, panel, neighbours, edge, single), align=4)
        weight = builder.load(cgutils.gep(builder, weights, edge))
        weight, row = _converted(builder, weight, wide.element), _converted(builder, row, wide)
        product = builder.fmul(_everywhere(builder, weight, wide), row, flags=["contract"])
        builder.store(builder.fadd(builder.load(sums), product, flags=["contract"]), sums)
    builder.store(builder.load(sums), cgutils.pointer_add(builder, total, 0, wide.as_pointer()), align=4)


def _row(builder: Any, panel: Any, neighbours: Any, edge: Any, kind: Any) -> Any:
    """The address of the panel's row at the other end of ``edge``."""
    node = builder.zext(builder.load(cgutils.gep(builder, neighbours, edge)), INDEX)
    return cgutils.pointer_add(builder, panel, builder.mul(node, ir.Constant(INDEX, _bytes(kind))), kind.as_pointer())


def _prefetch(builder: Any, row: Any, kind: Any) -> None:
    """Ask for all cache lines of a row: to be read (0), again soon (3), as data (1)."""
    byte = ir.IntType(8).as_pointer()
    function = builder.module.declare_intrinsic(
        "llvm.prefetch", (byte,), ir.FunctionType(ir.VoidType(), [byte, INTEGER, INTEGER, INTEGER])
    )
    for offset in range(0, _bytes(kind), CACHE_LINE):
        line = cgutils.pointer_add(builder, row, offset, byte)
        builder.call(function, [line, *(ir.Constant(INTEGER, flag) for flag in (0, 3, 1))])


def _converted(builder: Any, value: Any, kind: Any) -> Any:
    if value.type == kind:
        return value
    longer = DOUBLE in (kind, getattr(kind, "element", None))
    return (builder.fpext if longer else builder.fptrunc)(value, kind)


def _everywhere(builder: Any, value: Any, kind: Any) -> Any:
    undefined = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(INTEGER, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(INTEGER, kind.count), None))


def _bytes(kind: Any) -> int:
    return kind.count * (8 if kind.element == DOUBLE else 4)


@numba.njit(inline="always")
def weighted_sum(
    neighbours: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.floating],
    start: np.uint64,
    stop: np.uint64,
    values: npt.NDArray[np.floating],
) -> float:
    """The sum over e in start..stop-1 of weights[e] * values[neighbours[e]], in eights."""
    total, edge = 0.0, start
    while edge + np.uint64(8) <= stop:
        for step in range(8):
            place = edge + np.uint64(step)
            total += weights[place] * values[neighbours[place]]
        edge += np.uint64(8)
    while edge < stop:
        total += weights[edge] * values[neighbours[edge]]
        edge += np.uint64(1)
    return total
