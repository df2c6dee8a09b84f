"""Arithmetic of networks and training steps, counted on the graph that TensorFlow traces.

Counted are convolutions and matrix products, a multiplication and an addition as two; they are
nearly all of the work. Taps beside the border of a padded convolution count as any other.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from vidgan.latents import Latent

if TYPE_CHECKING:
    import keras

# Places of (filter, the convolution's output) among an operation's inputs; None is its own output.
_CONVOLUTIONS: dict[str, tuple[int | None, int | None]] = {
    "Conv2D": (1, None),
    "Conv2DBackpropInput": (1, 2),
    "Conv2DBackpropFilter": (None, 2),
    "Conv3D": (1, None),
    "Conv3DBackpropInputV2": (1, 2),
    "Conv3DBackpropFilterV2": (None, 2),
    "DepthwiseConv2dNative": (1, None),
    "DepthwiseConv2dNativeBackpropInput": (1, 2),
    "DepthwiseConv2dNativeBackpropFilter": (None, 2),
}
# For each kind of matrix product the attribute that says whether the first matrix is turned.
_PRODUCTS = {
    "MatMul": "transpose_a",
    "BatchMatMul": "adj_x",
    "BatchMatMulV2": "adj_x",
    "BatchMatMulV3": "adj_x",
}


def of(function: Callable[..., Any], *inputs: Any) -> float:
    """Trace a function and return the FLOPs of a call.

    Args:
        function: of tensors, such as a network or a ``train_step``.
        inputs: what it is called with: tensors or ``tf.TensorSpec``, nested as it takes them; all
            of static shape.

    Raises:
        ValueError: as for :func:`count`.
    """
    return count(tf.function(function, jit_compile=False).get_concrete_function(*inputs))


def of_network(network: "keras.Model", items: int = 1) -> float:
    """Return the FLOPs of a network's forward pass over this many items.

    Args:
        network: of one input or a dict of them, of static shapes but for the batch.
        items: size of the batch.

    Raises:
        ValueError: as for :func:`count`.
    """
    specs = tf.nest.map_structure(
        lambda tensor: tf.TensorSpec((items, *tensor.shape[1:]), tensor.dtype), network.input
    )
    return of(lambda inputs: network(inputs, training=False), specs)


def of_generator(generator: "keras.Model", latents: Sequence[Latent]) -> float:
    """Return the FLOPs of making a clip.

    Args:
        generator: a dict of latents → clips.
        latents: its inputs, which say how long the clip is.
    """
    specs = {
        latent.name: tf.TensorSpec((1, *latent.shape), generator.input[latent.name].dtype)
        for latent in latents
    }
    return of(lambda inputs: generator(inputs, training=False), specs)


def count(function: "tf.types.experimental.ConcreteFunction") -> float:
    """Return the FLOPs of a call of a traced function.

    A loop counts as often as its bound says. A branch counts as often as it is taken where the
    condition is ``step % n == k``, so that what is done at every n-th step counts for an n-th; of
    other branches the dearest counts.

    Args:
        function: traced for inputs of static shapes.

    Raises:
        ValueError: a shape or how often a loop runs is not static.
    """
    return _of_graph(function.graph)


def _of_graph(graph: Any) -> float:
    return sum(_of_operation(operation) for operation in _needed(graph))


def _needed(graph: Any) -> Iterator[tf.Operation]:
    """Yield the operations that a function's results and effects depend on; the others never run.

    A persistent tape, for one, leaves gradients behind that nobody asks for.
    """
    waiting = [tensor.op for tensor in graph.outputs] + list(graph.control_outputs)
    seen: set[tf.Operation] = set()
    while waiting:
        operation = waiting.pop()
        if operation in seen:
            continue
        seen.add(operation)
        yield operation
        waiting += [tensor.op for tensor in operation.inputs] + list(operation.control_inputs)


def _of_operation(operation: tf.Operation) -> float:
    kind = operation.type
    if kind in _CONVOLUTIONS:
        return _convolution(operation)
    if kind in _PRODUCTS:
        first = _shape(operation.inputs[0])
        inner = first[-2 if operation.get_attr(_PRODUCTS[kind]) else -1]
        return 2.0 * math.prod(_shape(operation.outputs[0])) * inner
    if kind == "Einsum":
        return _einsum(operation)
    if kind in ("PartitionedCall", "StatefulPartitionedCall"):
        return _called(operation, "f")
    if kind in ("If", "StatelessIf"):
        branches = _called(operation, "then_branch"), _called(operation, "else_branch")
        share = _share(operation.inputs[0])
        return max(branches) if share is None else share * branches[0] + (1 - share) * branches[1]
    if kind in ("While", "StatelessWhile"):
        body = _called(operation, "body")
        return body * _trips(operation) if body else 0.0
    return 0.0


def _called(operation: tf.Operation, attribute: str) -> float:
    """Return the FLOPs of a function that an operation calls."""
    name = operation.get_attr(attribute).name
    # TensorFlow has no public way from a name to the function's graph.
    return _of_graph(operation.graph._get_function(name).graph)


def _shape(tensor: tf.Tensor) -> tuple[int, ...]:
    if not tensor.shape.is_fully_defined():
        raise ValueError(f"{tensor.op.name}: the shape {tensor.shape} is not static")
    return tuple(tensor.shape)


def _convolution(operation: tf.Operation) -> float:
    """Return the FLOPs of a convolution or of one of its gradients: all three are alike."""
    weights, result = (
        _shape(operation.outputs[0] if place is None else operation.inputs[place])
        for place in _CONVOLUTIONS[operation.type]
    )
    first = operation.get_attr("data_format").startswith(b"NC")
    positions = math.prod(result) // result[1 if first else -1]
    return 2.0 * math.prod(weights) * positions


def _einsum(operation: tf.Operation) -> float:
    """Return the FLOPs of a product of two tensors: one multiplication a set of indices."""
    if len(operation.inputs) < 2:
        return 0.0
    terms = operation.get_attr("equation").decode().split("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, tensor in zip(terms, operation.inputs, strict=True):
        shape = _shape(tensor)
        before, dots, after = term.partition("...")
        hidden = len(shape) - len(before) - len(after) if dots else 0
        # The dimensions behind an ellipsis are counted from its end, and may be broadcast.
        labels = [*before, *(f"...{k}" for k in range(hidden, 0, -1)), *after]
        for label, size in zip(labels, shape, strict=True):
            sizes[label] = max(size, sizes.get(label, 1))
    return 2.0 * math.prod(sizes.values())


def _share(condition: tf.Tensor) -> float | None:
    """Return how often ``step % n == k`` holds; None for any other condition."""
    equal = condition.op
    if equal.type != "Equal":
        return None
    remainders = [side.op for side in equal.inputs if side.op.type == "FloorMod"]
    every = tf.get_static_value(remainders[0].inputs[1]) if remainders else None
    return None if every is None else 1 / float(every)


def _trips(loop: tf.Operation) -> int:
    """Return how often a loop's body runs: its bound, as ``maximum_iterations`` gives it."""
    bound = _constant(loop.inputs[1])
    if bound is None or bound < 0:
        raise ValueError(f"{loop.name}: how often the loop runs is not known beforehand")
    return bound


def _constant(tensor: tf.Tensor) -> int | None:
    """Return an integer that is known while tracing, None where it is not.

    Keras takes the maximum of one length, which TensorFlow does not look through.
    """
    value = tf.get_static_value(tensor)
    if value is None and tensor.op.type in ("Max", "Min", "Identity"):
        inner = tf.get_static_value(tensor.op.inputs[0])
        value = inner.max() if inner is not None and inner.size == 1 else None
    return None if value is None else int(value)
