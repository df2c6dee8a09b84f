"""FLOPs of networks and training steps, counted on the graph that TensorFlow traces.

Only convolutions and matrix products are counted, which are nearly all of the arithmetic; a
multiply-add is 2 FLOPs. Taps in the padding of a convolution are counted, too.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from vidgan.latents import Latent

if TYPE_CHECKING:
    import keras

# Indices of (filter, convolution's output) among an operation's inputs; None is its own output.
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
# For each kind of matrix product the attribute that says whether the first matrix is transposed.
_PRODUCTS = {
    "MatMul": "transpose_a",
    "BatchMatMul": "adj_x",
    "BatchMatMulV2": "adj_x",
    "BatchMatMulV3": "adj_x",
}


def count_flops(function: Callable[..., Any], *inputs: Any) -> float:
    """Trace a function and return the FLOPs of a call.

    Args:
        function: a function of tensors, such as a network or a ``train_step``.
        inputs: its arguments: tensors or ``tf.TensorSpec``, nested as it takes them, all of static
            shape.

    Raises:
        ValueError: as for :func:`count_graph_flops`.
    """
    return count_graph_flops(
        tf.function(function, autograph=False, jit_compile=False).get_concrete_function(*inputs)
    )


def network_flops(network: "keras.Model", items: int = 1) -> float:
    """Return the FLOPs of a network's forward pass on a batch.

    Args:
        network: a network with one input or a dict of inputs, static except for the batch.
        items: size of the batch.

    Raises:
        ValueError: as for :func:`count_graph_flops`.
    """
    specs = tf.nest.map_structure(
        lambda tensor: tf.TensorSpec((items, *tensor.shape[1:]), tensor.dtype), network.input
    )
    return count_flops(lambda inputs: network(inputs, training=False), specs)


def generator_flops(generator: "keras.Model", latents: Sequence[Latent]) -> float:
    """Return the FLOPs of generating a clip.

    Args:
        generator: a network from a dict of latents to clips.
        latents: its inputs, which determine the length of the clip.
    """
    specs = {
        latent.name: tf.TensorSpec((1, *latent.shape), generator.input[latent.name].dtype)
        for latent in latents
    }
    return count_flops(lambda inputs: generator(inputs, training=False), specs)


def count_graph_flops(function: "tf.types.experimental.ConcreteFunction") -> float:
    """Return the FLOPs of a call of a traced function.

    A loop is counted up to its maximum number of iterations. A branch with the condition
    ``step % n == k`` is weighted by how often it is taken, 1/n; of other branches the most
    expensive one is counted.

    Args:
        function: a function that was traced for inputs of static shapes.

    Raises:
        ValueError: a shape or the number of iterations of a loop is not static.
    """
    return _of_graph(function.graph)


def _of_graph(graph: Any) -> float:
    return sum(_of_operation(operation) for operation in _needed(graph))


def _needed(graph: Any) -> Iterator[tf.Operation]:
    """Yield the operations that a function's outputs and side effects depend on.

    Others never run, such as the unused gradients of a persistent tape.
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
        frequency = _frequency(operation.inputs[0])
        return (
            max(branches)
            if frequency is None
            else frequency * branches[0] + (1 - frequency) * branches[1]
        )
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
    """Return the FLOPs of a convolution or of one of its gradients: all three are equal."""
    weights, result = (
        _shape(operation.outputs[0] if place is None else operation.inputs[place])
        for place in _CONVOLUTIONS[operation.type]
    )
    first = operation.get_attr("data_format").startswith(b"NC")
    positions = math.prod(result) // result[1 if first else -1]
    return 2.0 * math.prod(weights) * positions


def _einsum(operation: tf.Operation) -> float:
    """Return the FLOPs of a product of two tensors: one multiply-add for each set of indices."""
    if len(operation.inputs) < 2:
        return 0.0
    terms = operation.get_attr("equation").decode().split("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, tensor in zip(terms, operation.inputs, strict=True):
        shape = _shape(tensor)
        before, dots, after = term.partition("...")
        hidden = len(shape) - len(before) - len(after) if dots else 0
        # The dimensions of an ellipsis are aligned at its end, and may be broadcast.
        labels = [*before, *(f"...{k}" for k in range(hidden, 0, -1)), *after]
        for label, size in zip(labels, shape, strict=True):
            sizes[label] = max(size, sizes.get(label, 1))
    return 2.0 * math.prod(sizes.values())


def _frequency(condition: tf.Tensor) -> float | None:
    """Return the frequency of ``step % n == k``, 1/n; None for any other condition."""
    equal = condition.op
    if equal.type != "Equal":
        return None
    remainders = [side.op for side in equal.inputs if side.op.type == "FloorMod"]
    every = tf.get_static_value(remainders[0].inputs[1]) if remainders else None
    return None if every is None else 1 / float(every)


def _trips(loop: tf.Operation) -> int:
    """Return the number of iterations of a loop: its ``maximum_iterations``."""
    bound = _constant(loop.inputs[1])
    if bound is None or bound < 0:
        raise ValueError(f"{loop.name}: the number of iterations is not static")
    return bound


def _constant(tensor: tf.Tensor) -> int | None:
    """Return an integer that is known while tracing, None if it is not.

    Keras computes the maximum of a single length, which TensorFlow does not fold.
    """
    value = tf.get_static_value(tensor)
    if value is None and tensor.op.type in ("Max", "Min", "Identity"):
        inner = tf.get_static_value(tensor.op.inputs[0])
        value = inner.max() if inner is not None and inner.size == 1 else None
    return None if value is None else int(value)
