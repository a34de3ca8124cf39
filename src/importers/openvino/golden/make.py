"""Makes the golden models of the OpenVINO importer's tests, with OpenVINO's own answers.

    pip install openvino==2026.4.1 numpy && python make.py [group…]
"""
import sys
import numpy as np
import openvino as ov
from openvino import opset1, opset3, opset4, opset5, opset8, opset9, opset11, opset12, opset13, opset14, opset15
from openvino.utils.node_factory import NodeFactory
from golden import Cases

i32 = lambda *values: np.array(values, np.int32)
i64 = lambda *values: np.array(values, np.int64)
f32 = lambda values: np.array(values, np.float32)
op = opset15
GROUPS = {}


def group(make):
    GROUPS[make.__name__] = make
    return make


@group
def activation(c):
    x = c.floats(2, 3)
    for name in ['abs', 'atan', 'asinh', 'ceiling', 'cos', 'cosh', 'erf', 'exp', 'floor', 'hswish', 'hsigmoid', 'mish', 'negative',
                 'relu', 'sigmoid', 'sign', 'sin', 'sinh', 'softplus', 'softsign', 'tan', 'tanh', 'is_nan', 'is_inf', 'is_finite']:
        c.add(name, getattr(op, name), x)
    for name in ['acos', 'asin', 'atanh']:
        c.add(name, getattr(op, name), c.floats(2, 3, low=-0.9, high=0.9))
    for name in ['sqrt', 'log', 'acosh']:
        c.add(name, getattr(op, name), c.floats(2, 3, low=1, high=4))
    c.add('logical_not', op.logical_not, np.array([True, False]))
    special = f32([1, np.nan, np.inf, -np.inf])
    for name in ['is_nan', 'is_inf', 'is_finite']:
        c.add(name + ' special', getattr(op, name), special)
    c.add('is_inf positive', lambda p: op.is_inf(p, {'detect_negative': False, 'detect_positive': True}), special)
    c.add('clamp', lambda p: op.clamp(p, -0.5, 1.25), x)
    c.add('clamp integers', lambda p: op.clamp(p, -1.5, 1.5), i32(-3, -1, 0, 1, 2, 3))
    c.add('clamp open', lambda p: op.clamp(p, 0, np.inf), x)
    c.add('elu', lambda p: op.elu(p, 0.7), x)
    c.add('selu', lambda p: op.selu(p, f32([1.67]), f32([1.05])), x)
    c.add('hard_sigmoid', lambda p: op.hard_sigmoid(p, f32(0.3), f32(0.4)), x)
    c.add('swish', lambda p: op.swish(p), x)
    c.add('swish beta', lambda p: op.swish(p, f32(1.5)), x)
    c.add('gelu erf', lambda p: op.gelu(p, 'erf'), x)
    c.add('gelu tanh', lambda p: op.gelu(p, 'tanh'), x)
    c.add('gelu first', lambda p: ov.opset2.gelu(p), x)
    halves = f32([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.3])
    c.add('round even', lambda p: op.round(p, 'half_to_even'), halves)
    c.add('round away', lambda p: op.round(p, 'half_away_from_zero'), halves)
    c.add('softmax', lambda p: op.softmax(p, -1), x)
    c.add('softmax first', lambda p: opset1.softmax(p, 1), c.floats(2, 3, 2))
    c.add('log_softmax', lambda p: op.log_softmax(p, 1), x)
    c.add('prelu scalar', lambda p: op.prelu(p, f32([0.25])), c.floats(1, 3, 2, 2))
    c.add('prelu channels', lambda p: op.prelu(p, f32([0.1, 0.2, 0.3])), c.floats(1, 3, 2, 2))
    c.add('prelu last axis', lambda p: op.prelu(p, f32([0.1, 0.2, 0.3])), c.floats(2, 3))
    c.add('prelu shaped', lambda p: op.prelu(p, f32([0.1, 0.2, 0.3]).reshape(3, 1, 1)), c.floats(1, 3, 2, 2))


@group
def elementwise(c):
    a, b = c.floats(2, 3, low=0.5, high=3), c.floats(3, low=0.5, high=3)
    for name in ['add', 'subtract', 'multiply', 'divide', 'power', 'maximum', 'minimum', 'squared_difference', 'mod', 'floor_mod',
                 'equal', 'not_equal', 'greater', 'greater_equal', 'less', 'less_equal']:
        c.add(name, getattr(op, name), a, b)
    c.add('divide integers', op.divide, i32(7, 9, 0, 6), i32(2, 3, 5, 4))
    left, right = i32(7, -7, 7, -7, 6), i32(2, 2, -2, -2, 3)
    for name in ['add', 'multiply', 'mod', 'floor_mod', 'maximum', 'equal', 'squared_difference']:
        c.add(name + ' integers', getattr(op, name), left, right)
    c.add('floor_mod floats', op.floor_mod, f32([7, -7, 7, -7.5]), f32([2, 2, -2, -2]))
    c.add('mod floats', op.mod, f32([7, -7, 7, -7.5]), f32([2, 2, -2, -2]))
    p, q = np.array([[True], [False]]), np.array([True, False])
    for name in ['logical_and', 'logical_or', 'logical_xor']:
        c.add(name, getattr(op, name), p, q)
    c.add('select', op.select, np.array([True, False, True]), a, b)
    for type in ['i32', 'i64', 'u8', 'f16', 'boolean']:
        c.add('convert ' + type, lambda x, type=type: op.convert(x, type), f32([0, 1.75, 2.25, 200]))
    c.add('convert_like', op.convert_like, f32([1.5, -2.5]), i32(1))
    c.add('convert from integers', lambda x: op.convert(x, 'f32'), i32(1, -2))
    c.add('fake_quantize', lambda x: op.fake_quantize(x, f32(-1.0), f32(1.5), f32(-1.0), f32(1.5), 256), c.floats(2, 64))
    c.add('fake_quantize channels', lambda x: op.fake_quantize(
        x, f32([-1, 0, -0.5]).reshape(1, 3, 1, 1), f32([1, 2, 0.5]).reshape(1, 3, 1, 1), f32(-0.5), f32(2.0), 17), c.floats(1, 3, 4, 4))
    c.add('fake_quantize weights', lambda x: op.matmul(x, op.fake_quantize(
        op.convert(op.constant(np.array([[-127, 3], [5, 127]], np.int8)), 'f32'), f32(-127), f32(127), f32([[-0.5], [-0.25]]), f32([[0.5], [0.25]]), 255), False, True), c.floats(3, 2))
    c.add('fake_quantize flat', lambda x: op.fake_quantize(x, f32(0), f32(0), f32(0), f32(0), 256), c.floats(4))


@group
def weights(c):
    x = c.floats(1, 4)
    matrix = c.random.integers(-8, 8, (4, 6))
    for type, values in [('f16', matrix / 3), ('bf16', matrix / 4), ('i8', matrix), ('u8', matrix + 8), ('i16', matrix), ('i32', matrix), ('f64', matrix / 3), ('u16', matrix + 8)]:
        kind = {'f16': np.float16, 'f64': np.float64, 'i8': np.int8, 'u8': np.uint8, 'i16': np.int16, 'i32': np.int32, 'u16': np.uint16}.get(type, np.float32)
        constant = op.constant(values.astype(kind)) if type != 'bf16' else op.constant(values.astype(np.float32), dtype=ov.Type.bf16)
        c.add('weights ' + type, lambda p, constant=constant: op.matmul(p, op.convert(constant, 'f32'), False, False), x)
    for type, values in [('i4', matrix), ('u4', matrix + 8)]:
        def build(p, type=type, values=values):
            constant = op.convert(op.constant(values.T.astype(np.int8 if type == 'i4' else np.uint8), dtype=getattr(ov.Type, type)), 'f16')
            zero = op.constant(np.full((6, 1), 8 if type == 'u4' else 0, np.float16))
            scaled = op.multiply(op.subtract(constant, zero), op.constant(np.linspace(0.1, 0.4, 6).reshape(6, 1).astype(np.float16)))
            return op.matmul(p, op.convert(scaled, 'f32'), False, True)
        c.add('weights ' + type, build, x)
    odd = c.random.integers(-8, 8, (3, 3)).astype(np.int8)
    c.add('weights i4 odd', lambda p: op.add(p, op.convert(op.constant(odd, dtype=ov.Type.i4), 'f32')), c.floats(3, 3))
    c.add('scalar', lambda p: op.add(p, op.constant(np.float32(3))), x)


@group
def convolution(c):
    x, w = c.short(1, 3, 7, 8), c.short(4, 3, 3, 2)
    c.add('convolution', lambda p: op.convolution(p, w, [2, 1], [1, 0], [0, 1], [1, 2]), x)
    for pad in ['same_upper', 'same_lower', 'valid']:
        c.add('convolution ' + pad, lambda p, pad=pad: op.convolution(p, w, [2, 1], [0, 0], [0, 0], [1, 2], pad), x)
    c.add('convolution open', lambda p: op.convolution(p, w, [2, 1], [0, 0], [0, 0], [1, 1], 'same_upper'), x, shapes=[[-1, 3, -1, -1]])
    c.add('convolution 1d', lambda p: op.convolution(p, c.short(2, 3, 3), [1], [1], [1], [1]), c.short(1, 3, 6))
    c.add('convolution 3d', lambda p: op.convolution(p, c.short(2, 1, 2, 2, 2), [1] * 3, [0] * 3, [0] * 3, [1] * 3), c.short(1, 1, 3, 3, 3))
    c.add('group_convolution', lambda p: op.group_convolution(p, c.short(2, 3, 2, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1]), c.short(1, 4, 5, 5))
    c.add('group_convolution converted', lambda p: op.group_convolution(
        p, op.convert(op.constant(c.short(3, 1, 1, 2, 2).astype(np.float16)), 'f32'), [1, 1], [0, 0], [0, 0], [1, 1]), x)
    back = c.short(3, 2, 3, 3)
    c.add('backprop', lambda p: op.convolution_backprop_data(p, back, [2, 2], None, [1, 1], [1, 1], [1, 1], 'explicit', [1, 0]), x)
    c.add('backprop plain', lambda p: op.convolution_backprop_data(p, back, [2, 1], None, [0, 1], [1, 0], [1, 2]), x)
    for pad in ['explicit', 'same_upper', 'same_lower']:
        for shape in [[13, 16], [14, 15], [15, 17]]:
            c.add(f'backprop {pad} {shape}', lambda p, pad=pad, shape=shape: op.convolution_backprop_data(
                p, back, [2, 2], op.constant(i64(*shape)), [0, 0], [0, 0], [1, 1], pad), x)
    c.add('backprop same', lambda p: op.convolution_backprop_data(p, back, [2, 2], None, [0, 0], [0, 0], [1, 1], 'same_upper'), x)
    c.add('backprop valid', lambda p: op.convolution_backprop_data(p, back, [2, 2], None, [0, 0], [0, 0], [1, 1], 'valid'), x)
    c.add('group backprop', lambda p: op.group_convolution_backprop_data(
        p, c.short(2, 2, 3, 2, 2), [2, 2], None, [0, 0], [0, 0], [1, 1]), c.short(1, 4, 4, 4))


@group
def pooling(c):
    x = c.floats(1, 2, 7, 9)
    for rounding in ['floor', 'ceil', 'ceil_torch']:
        for pads in [[0, 0], [1, 1]]:
            c.add(f'max_pool {rounding} {pads}', lambda p: opset14.max_pool(p, [2, 3], [1, 1], pads, pads, [3, 3], rounding, 'explicit').output(0), x)
            for exclude in [True, False]:
                c.add(f'avg_pool {rounding} {pads} {exclude}', lambda p: opset14.avg_pool(p, [2, 3], pads, pads, [3, 3], exclude, rounding, 'explicit'), x)
    wide = c.floats(1, 1, 5, 10)
    for pads in [[0, 0], [0, 1]]:
        for exclude in [True, False]:
            c.add(f'avg_pool overhang {pads} {exclude}', lambda p: opset1.avg_pool(p, [1, 3], pads, pads, [1, 3], exclude, 'ceil', 'explicit'), wide)
    for pad in ['same_upper', 'same_lower', 'valid']:
        c.add('max_pool ' + pad, lambda p: opset1.max_pool(p, [2, 2], [0, 0], [0, 0], [3, 3], 'floor', pad), x)
        c.add('avg_pool ' + pad, lambda p: opset1.avg_pool(p, [2, 2], [0, 0], [0, 0], [3, 3], False, 'floor', pad), x)
        c.add('avg_pool exclude ' + pad, lambda p: opset1.avg_pool(p, [2, 2], [0, 0], [0, 0], [3, 3], True, 'floor', pad), x)
    c.add('max_pool indices', lambda p: list(opset8.max_pool(p, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).outputs()), x)
    c.add('max_pool indices axis', lambda p: list(opset8.max_pool(p, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], axis=2).outputs()), x)
    c.add('max_pool dilated', lambda p: opset8.max_pool(p, [1, 1], [2, 2], [1, 1], [1, 1], [3, 3]).output(0), x)
    c.add('max_pool open', lambda p: opset1.max_pool(p, [2, 2], [0, 0], [0, 0], [3, 3], 'ceil'), x, shapes=[[1, 2, -1, -1]])
    c.add('adaptive_avg_pool', lambda p: op.adaptive_avg_pool(p, i64(3, 5)), x)
    c.add('adaptive_avg_pool 1d', lambda p: op.adaptive_avg_pool(p, i64(3)), c.floats(1, 2, 7))
    c.add('adaptive_max_pool', lambda p: op.adaptive_max_pool(p, i64(3, 5), 'i32').output(0), x)


@group
def shape(c):
    x = c.floats(2, 3, 4)
    c.add('reshape', lambda p: op.reshape(p, i64(0, -1), True), x)
    c.add('reshape plain', lambda p: op.reshape(p, i32(4, -1), False), x)
    c.add('reshape computed', lambda p: op.reshape(p, op.concat([op.strided_slice(op.shape_of(p), i64(0), i64(1), i64(1), [0], [0]), op.constant(i64(-1))], 0), False), x, shapes=[[-1, -1, -1]])
    c.add('squeeze', lambda p: op.squeeze(p, i64(0, -2)), c.floats(1, 3, 1, 2))
    c.add('squeeze scalar', lambda p: op.squeeze(p, np.int64(2)), c.floats(1, 3, 1, 2))
    c.add('squeeze all', lambda p: op.squeeze(p), c.floats(1, 3, 1, 2))
    c.add('unsqueeze', lambda p: op.unsqueeze(p, i64(0, -1)), x)
    c.add('unsqueeze scalar', lambda p: op.unsqueeze(p, np.int32(1)), x)
    c.add('transpose', lambda p: op.transpose(p, i64(2, 0, 1)), x)
    c.add('transpose all', lambda p: op.transpose(p, op.constant(np.zeros(0, np.int64))), x)
    c.add('concat', lambda p, q: op.concat([p, q], -1), x, c.floats(2, 3, 1))
    c.add('split', lambda p: list(op.split(p, i64(1)[0], 3).outputs()), x)
    c.add('variadic_split', lambda p: list(op.variadic_split(p, np.int64(-1), i64(1, -1)).outputs()), x)
    c.add('variadic_split open', lambda p: list(op.variadic_split(p, np.int64(1), i64(1, 2)).outputs()), x, shapes=[[-1, -1, -1]])
    c.add('shape_of', lambda p: op.shape_of(p, 'i32'), x, shapes=[[-1, 3, -1]])
    c.add('shape_of static', lambda p: [op.shape_of(p), op.convert(op.shape_of(p, 'i32'), 'f32')], x)
    c.add('broadcast', lambda p: op.broadcast(p, i64(4, 2, 3)), c.floats(1, 3))
    c.add('broadcast bidirectional', lambda p: op.broadcast(p, i64(2, 1), broadcast_spec='BIDIRECTIONAL'), c.floats(1, 3))
    c.add('broadcast explicit', lambda p: op.broadcast(p, i64(2, 3, 4), i64(1), 'EXPLICIT'), c.floats(3))
    c.add('tile', lambda p: op.tile(p, i64(2, 1, 3)), x)
    c.add('range', lambda p, q: op.range(p, q, np.int32(2), 'i64'), np.array(1, np.int32), np.array(8, np.int32))
    c.add('non_zero', lambda p: op.non_zero(p, 'i32'), f32([[0, 1], [2, 0]]))
    d = c.floats(1, 8, 2, 4)
    for mode in ['blocks_first', 'depth_first']:
        c.add('depth_to_space ' + mode, lambda p: op.depth_to_space(p, mode, 2), d)
        c.add('space_to_depth ' + mode, lambda p: op.space_to_depth(p, mode, 2), d)
    c.add('batch_to_space', lambda p: op.batch_to_space(p, i64(1, 2, 3), i64(0, 1, 0), i64(0, 0, 2)), c.floats(12, 2, 3))
    c.add('space_to_batch', lambda p: op.space_to_batch(p, i64(1, 2, 3), i64(0, 1, 0), i64(0, 0, 2)), c.floats(2, 3, 4))
    c.add('shuffle_channels', lambda p: op.shuffle_channels(p, 1, 4), d)
    c.add('shuffle_channels last', lambda p: op.shuffle_channels(p, -1, 2), d)
    for mode in ['constant', 'edge', 'reflect', 'symmetric']:
        c.add('pad ' + mode, lambda p: op.pad(p, i64(0, 1, 2), i64(0, 2, 1), mode, np.float32(1.5) if mode == 'constant' else None), x)
    c.add('pad first', lambda p: opset1.pad(p, i64(1, 0), i64(0, 1), 'constant'), c.floats(2, 2))
    c.add('one_hot', lambda p: opset1.one_hot(p, np.int64(4), np.float32(3), np.float32(-1), -1), i64(0, 3, 2))
    c.add('one_hot axis', lambda p: opset1.one_hot(p, np.int64(3), np.int32(1), np.int32(0), 0), np.array([[0, 1], [2, 0]], np.int32))
    c.add('cast of shapes', lambda p: op.reshape(p, op.divide(op.multiply(op.shape_of(p), i64(3, 2)), i64(2, 3)), False), c.floats(2, 3))


@group
def slicing(c):
    x = c.floats(3, 4, 5)
    ss = lambda p, b, e, s, bm, em, nm=[], sm=[], el=[]: op.strided_slice(p, i64(*b), i64(*e), i64(*s), bm, em, nm, sm, el)
    c.add('strided_slice', lambda p: ss(p, [1, 0, 1], [3, 4, 4], [1, 2, 1], [0, 0, 0], [0, 0, 0]), x)
    c.add('strided_slice masks', lambda p: ss(p, [1, 1, 1], [2, 2, 2], [1, 1, 1], [0, 1, 0], [1, 0, 1]), x)
    c.add('strided_slice negative', lambda p: ss(p, [-1, -1, 0], [-3, 0, 0], [-1, -2, 1], [0, 0, 1], [0, 1, 1]), x)
    c.add('strided_slice shrink', lambda p: ss(p, [1, -1], [2, 0], [1, 1], [0, 0], [0, 0], [], [1, 1]), x)
    c.add('strided_slice new', lambda p: ss(p, [0, 1, 0], [0, 3, 0], [1, 1, 1], [1, 0, 1], [1, 0, 1], [1, 0, 0]), x)
    c.add('strided_slice ellipsis', lambda p: ss(p, [1, 0, 1], [3, 0, 4], [1, 1, 2], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 1, 0]), x)
    c.add('strided_slice everything', lambda p: ss(p, [0, 0, 1, 2], [1, 0, 2, 3], [1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]), x)
    c.add('strided_slice computed', lambda p, b, e: op.strided_slice(p, b, e, i64(1, 1), [0, 1], [0, 0], [], [1, 0]), x, i64(-1, 0), i64(0, 3))
    c.add('slice', lambda p: op.slice(p, i64(3, 0), i64(-9, 4), i64(-2, 3), i64(1, -1)), x)
    c.add('slice all axes', lambda p: op.slice(p, i32(0, 1, 2), i32(2, 4, 5), i32(1, 1, 2)), x)
    c.add('gather', lambda p: op.gather(p, i64(2, 0), i64(1)[0]), x)
    c.add('gather scalar', lambda p: op.gather(p, np.int32(-1), np.int64(-1)), x)
    c.add('gather matrix', lambda p, q: op.gather(p, q, np.int64(1)), x, np.array([[0, 3], [1, 1]], np.int32))
    c.add('gather batch', lambda p, q: op.gather(p, q, np.int64(1), 1), x, i64(0, 3, 1, 1, 2, 2).reshape(3, 2))
    c.add('gather batch behind', lambda p, q: op.gather(p, q, np.int64(2), 1), x, i64(0, 3, 1, 1, 2, 4).reshape(3, 2))
    c.add('gather batch whole', lambda p, q: op.gather(p, q, np.int64(2), 1), c.floats(2, 3, 4, 2), i64(0, 3, 1, 1, 2, 2, 0, 1).reshape(2, 2, 2))
    c.add('gather first', lambda p: opset1.gather(p, i64(1, 2), i64(0)), x)
    c.add('gather_elements', lambda p, q: op.gather_elements(p, q, 1), x, i64(*([0, 1, 3, 2] * 15)).reshape(3, 4, 5))
    c.add('gather_nd', lambda p, q: op.gather_nd(p, q), x, i32(0, 1, 2, 3).reshape(2, 2))
    c.add('gather_nd batch', lambda p, q: op.gather_nd(p, q, 1), x, i32(0, 1, 2).reshape(3, 1))
    c.add('gather_nd first', lambda p, q: opset5.gather_nd(p, q, 2), x, i32(*([0, 1, 2] * 4)).reshape(3, 4, 1))
    c.add('scatter_nd_update', lambda p, q, r: opset4.scatter_nd_update(p, q, r), x, i32(0, 1, 2, 3).reshape(2, 2), c.floats(2, 5))
    c.add('scatter_nd_update sum', lambda p, q, r: op.scatter_nd_update(p, q, r, 'sum'), x, i32(0, 1, 0, 1).reshape(2, 2), c.floats(2, 5))
    c.add('scatter_elements_update', lambda p, q, r: opset3.scatter_elements_update(p, q, r, np.int64(1)), x, i32(*([0, 1, 2, 3] * 4)[:15]).reshape(3, 1, 5), c.floats(3, 1, 5))
    c.add('scatter_elements_update max', lambda p, q, r: opset12.scatter_elements_update(p, q, r, np.int64(0), 'max', True), x, i32(*([0, 1, 2] * 20)).reshape(3, 4, 5), c.floats(3, 4, 5))
    c.add('scatter_update', lambda p, q, r: op.scatter_update(p, q, r, np.int64(1)), x, i64(2, 0), c.floats(3, 2, 5))
    c.add('scatter_update matrix', lambda p, q, r: op.scatter_update(p, q, r, np.int64(1)), x, i64(2, 0, 1, 3).reshape(2, 2), c.floats(3, 2, 2, 5))
    c.add('reverse', lambda p: NodeFactory('opset1').create('Reverse', [p, op.constant(i64(0, 2))], {'mode': 'index'}), x)
    c.add('reverse_sequence', lambda p, q: op.reverse_sequence(p, q, 0, 1), x, i32(2, 4, 1))
    c.add('roll', lambda p: op.roll(p, i64(1, -2), i64(0, 2)), x)


@group
def reduction(c):
    x = c.floats(2, 3, 4)
    for name in ['mean', 'sum', 'max', 'min', 'prod', 'l1', 'l2']:
        c.add('reduce_' + name, lambda p: getattr(op, 'reduce_' + name)(p, i64(0, -1), False), x)
    c.add('reduce_mean keep', lambda p: op.reduce_mean(p, i32(1), True), x)
    c.add('reduce_sum scalar', lambda p: op.reduce_sum(p, np.int32(1), True), x)
    c.add('reduce_max integers', lambda p: op.reduce_max(p, np.int64(0), False), i32(3, -1, 2))
    flags = np.array([[True, False], [True, True]])
    c.add('reduce_logical_and', lambda p: op.reduce_logical_and(p, i64(1), False), flags)
    c.add('reduce_logical_or', lambda p: op.reduce_logical_or(p, i64(0), True), flags)
    c.add('cumsum', lambda p: op.cumsum(p, np.int64(1)), x)
    c.add('cumsum reverse', lambda p: op.cumsum(p, np.int32(-1), True, True), x)
    c.add('topk', lambda p: list(op.topk(p, np.int64(2), -1, 'max', 'value').outputs()), x)
    c.add('topk min', lambda p: list(opset3.topk(p, np.int32(2), 1, 'min', 'value', 'i64').outputs()), x)
    c.add('topk index', lambda p: list(op.topk(p, np.int64(3), 2, 'max', 'index').outputs()), x)
    c.add('topk first', lambda p: list(opset1.topk(p, np.int64(1), 1, 'max', 'value').outputs()), x)


@group
def normalization(c):
    x = c.floats(2, 3, 4, 2)
    params = [c.floats(3), c.floats(3), c.floats(3), c.floats(3, low=0.5, high=2)]
    c.add('batch_norm', lambda p: opset5.batch_norm_inference(p, *params, 1e-3), x)
    c.add('batch_norm first', lambda p: opset1.batch_norm_inference(p, *params, 1e-3), x)
    c.add('lrn', lambda p: op.lrn(p, i64(1), 0.5, 0.75, 2.0, 3), x)
    for mode in ['add', 'max']:
        c.add('normalize_l2 ' + mode, lambda p: op.normalize_l2(p, i64(1, 2), 0.1, mode), x)
    c.add('normalize_l2 scalar', lambda p: op.normalize_l2(p, np.int64(1), 0.1, 'add'), x)
    c.add('mvn', lambda p: op.mvn(p, i64(2, 3), True, 1e-3, 'inside_sqrt'), x)
    c.add('mvn outside', lambda p: op.mvn(p, i64(1, 2, 3), True, 1e-3, 'outside_sqrt'), x)
    c.add('mvn mean', lambda p: op.mvn(p, i64(-1), False, 1e-3, 'inside_sqrt'), x)
    c.add('mvn first', lambda p: ov.opset2.mvn(p, False, True, 1e-3), x)
    c.add('mvn across', lambda p: ov.opset2.mvn(p, True, True, 1e-3), x)
    c.add('grn', lambda p: op.grn(p, 0.5), x)
    c.add('group_normalization', lambda p: opset12.group_normalization(p, c.floats(4), c.floats(4), 2, 1e-3), c.floats(2, 4, 3))


@group
def matrix(c):
    a, b = c.floats(2, 3, 4), c.floats(2, 4, 5)
    c.add('matmul', lambda p, q: op.matmul(p, q, False, False), a, b)
    c.add('matmul transposed', lambda p, q: op.matmul(p, q, True, True), c.floats(2, 4, 3), c.floats(5, 4))
    c.add('matmul vector', lambda p, q: op.matmul(p, q, False, False), c.floats(4), b)
    c.add('matmul vector transposed', lambda p, q: op.matmul(p, q, True, False), c.floats(4), b)
    c.add('einsum', lambda p, q: op.einsum([p, q], 'bij,bjk->bik'), a, b)
    c.add('einsum many', lambda p, q: op.einsum([p, q], 'bij,bjk->kb'), a, b)
    c.add('einsum ellipsis', lambda p: op.einsum([p], '...ij->...ji'), a)
    q, k, v = c.floats(1, 2, 3, 4), c.floats(1, 2, 5, 4), c.floats(1, 2, 5, 6)
    c.add('attention', lambda p, r, s: opset13.scaled_dot_product_attention(p, r, s), q, k, v)
    c.add('attention mask', lambda p, r, s: opset13.scaled_dot_product_attention(p, r, s, c.floats(3, 5)), q, k, v)
    c.add('attention flags', lambda p, r, s: opset13.scaled_dot_product_attention(p, r, s, op.constant(c.floats(3, 5) > -1)), q, k, v)
    c.add('attention causal', lambda p, r, s: opset13.scaled_dot_product_attention(p, r, s, causal=True), q, k, v)
    c.add('attention scale', lambda p, r, s: opset13.scaled_dot_product_attention(p, r, s, op.constant(f32(0)), np.float32(0.3)), q, k, v)


@group
def resize(c):
    x = c.short(1, 2, 5, 6)
    def later(p, mode, coord, sizes=None, scales=None, nearest='round_prefer_floor', antialias=False, axes=(2, 3), version=11, pads=[0]):
        by = 'sizes' if sizes else 'scales'
        if version == 11:
            return opset11.interpolate(p, op.constant(i64(*sizes)) if sizes else op.constant(f32(scales)), mode, by, pads, pads, coord, nearest, antialias, -0.75, op.constant(i64(*axes)))
        input = p.get_shape()
        sizes = sizes or [int(input[axis] * scale) for axis, scale in zip(axes, scales)]
        real = scales or [size / input[axis] for axis, size in zip(axes, sizes)]
        attributes = {'mode': mode, 'shape_calculation_mode': by, 'pads_begin': pads, 'pads_end': pads, 'coordinate_transformation_mode': coord,
                      'nearest_mode': nearest, 'antialias': antialias, 'cube_coeff': -0.75}
        return NodeFactory('opset4').create('Interpolate', [p, op.constant(i64(*sizes)), op.constant(f32(real)), op.constant(i64(*axes))], attributes)
    for coord in ['half_pixel', 'pytorch_half_pixel', 'asymmetric', 'tf_half_pixel_for_nn', 'align_corners']:
        for sizes in [(10, 12), (7, 4), (1, 9), (3, 3)]:
            c.add(f'linear_onnx {coord} {sizes}', lambda p: later(p, 'linear_onnx', coord, sizes), x)
            c.add(f'linear {coord} {sizes}', lambda p: later(p, 'linear', coord, sizes), x)
            c.add(f'cubic {coord} {sizes}', lambda p: later(p, 'cubic', coord, sizes), x)
            for nearest in ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil', 'simple']:
                c.add(f'nearest {coord} {sizes} {nearest}', lambda p: later(p, 'nearest', coord, sizes, nearest=nearest), x)
    c.add('scales', lambda p: later(p, 'linear_onnx', 'half_pixel', scales=(1.7, 0.6)), x)
    c.add('scales nearest', lambda p: later(p, 'nearest', 'asymmetric', scales=(1.7, 0.6), nearest='floor'), x)
    c.add('version 4', lambda p: later(p, 'linear_onnx', 'align_corners', (9, 3), version=4), x)
    c.add('version 4 scales', lambda p: later(p, 'linear_onnx', 'asymmetric', scales=(1.7, 0.6), version=4), x)
    c.add('version 4 nearest', lambda p: later(p, 'nearest', 'half_pixel', scales=(2.0, 2.0), version=4), x)
    c.add('antialias', lambda p: later(p, 'linear', 'half_pixel', (3, 2), antialias=True), x)
    c.add('pillow linear', lambda p: later(p, 'bilinear_pillow', 'half_pixel', (3, 2)), x)
    c.add('pillow linear up', lambda p: later(p, 'bilinear_pillow', 'half_pixel', (8, 9)), x)
    c.add('pillow cubic', lambda p: later(p, 'bicubic_pillow', 'half_pixel', (3, 2)), x)
    c.add('channels last', lambda p: later(p, 'linear_onnx', 'align_corners', (7, 8), axes=(1, 2)), c.floats(1, 4, 3, 2))
    c.add('three axes', lambda p: later(p, 'linear', 'half_pixel', (3, 4, 5), axes=(2, 3, 4)), c.floats(1, 1, 2, 2, 2))
    c.add('open lengths', lambda p: later(p, 'linear_onnx', 'half_pixel', (10, 12)), x, shapes=[[1, 2, -1, -1]])
    for mode in ['nearest', 'linear']:
        for align in [True, False]:
            attrs = {'axes': [2, 3], 'mode': mode, 'align_corners': align, 'antialias': False, 'pads_begin': [0], 'pads_end': [0]}
            for sizes in [(10, 12), (3, 4)]:
                c.add(f'version 1 {mode} {align} {sizes}', lambda p: opset1.interpolate(p, op.constant(i64(*sizes)), attrs), x)
    c.add('grid_sample', lambda p, q: opset9.grid_sample(p, q, {'align_corners': False, 'mode': 'bilinear', 'padding_mode': 'zeros'}), x, c.floats(1, 3, 3, 2, low=-1.2, high=1.2))
    c.add('grid_sample nearest', lambda p, q: opset9.grid_sample(p, q, {'align_corners': True, 'mode': 'nearest', 'padding_mode': 'border'}), x, c.floats(1, 3, 3, 2, low=-1.2, high=1.2))


@group
def recurrent(c):
    batch, length, size, hidden = 2, 4, 3, 5
    x, lengths = c.short(batch, length, size), i32(4, 2)
    weights = lambda directions, gates, extra=0: [c.short(directions, gates * hidden, size), c.short(directions, gates * hidden, hidden), c.short(directions, (gates + extra) * hidden)]
    for direction in ['forward', 'reverse', 'bidirectional']:
        d = 2 if direction == 'bidirectional' else 1
        states = c.short(batch, d, hidden), c.short(batch, d, hidden)
        c.add('lstm ' + direction, lambda p, n: list(op.lstm_sequence(p, *map(op.constant, states), n, *map(op.constant, weights(d, 4)), hidden, direction).outputs()), x, lengths)
        for reset in [False, True]:
            c.add(f'gru {direction} {reset}', lambda p, n: list(op.gru_sequence(p, op.constant(states[0]), n, *map(op.constant, weights(d, 3, int(reset))), hidden, direction, linear_before_reset=reset).outputs()), x, lengths)
        c.add('rnn ' + direction, lambda p, n: list(op.rnn_sequence(p, op.constant(states[0]), n, *map(op.constant, weights(d, 1)), hidden, direction).outputs()), x, lengths)
    c.add('lstm activations', lambda p, n: list(op.lstm_sequence(p, op.constant(c.short(batch, 1, hidden)), op.constant(c.short(batch, 1, hidden)), n, *map(op.constant, weights(1, 4)), hidden, 'forward', ['sigmoid', 'relu', 'tanh']).outputs()), x, lengths)
    one, state = c.short(batch, size), c.short(batch, hidden)
    flat = lambda *arguments: [op.constant(array[0]) for array in weights(1, *arguments)]
    c.add('lstm cell', lambda p, h: list(op.lstm_cell(p, h, op.constant(c.short(batch, hidden)), *flat(4), hidden).outputs()), one, state)
    c.add('gru cell', lambda p, h: op.gru_cell(p, h, *flat(3), hidden), one, state)
    c.add('gru cell reset', lambda p, h: op.gru_cell(p, h, *flat(3, 1), hidden, linear_before_reset=True), one, state)
    c.add('rnn cell', lambda p, h: op.rnn_cell(p, h, *flat(1), hidden, ['tanh'], [], []), one, state)
    c.add('rnn cell clipped', lambda p, h: op.rnn_cell(p, h, *flat(1), hidden, ['relu'], [], [], 0.5), one, state)


@group
def control_flow(c):
    x = c.floats(2, 6, 3)

    def iterator(p, start=0, end=-1, stride=1, part=1):
        data, state = op.parameter([2, part, 3], np.float32), op.parameter([2, 3], np.float32)
        fixed = op.parameter([3], np.float32)
        sums = op.add(op.reduce_sum(data, i64(1), False), op.multiply(state, fixed))
        carried, joined = op.result(sums), op.result(op.multiply(data, np.float32(2)))
        body = ov.Model([carried, joined], [data, state, fixed], 'body')
        loop = op.tensor_iterator()
        loop.set_body(body)
        loop.set_sliced_input(data, p, start, stride, part, end, 1)
        loop.set_merged_input(state, op.constant(c.floats(2, 3)).output(0), carried.output(0))
        loop.set_invariant_input(fixed, op.constant(c.floats(3)).output(0))
        return [loop.get_iter_value(carried.output(0), -1), loop.get_concatenated_slices(joined.output(0), start, stride, part, end, 1)]
    c.add('tensor_iterator', lambda p: iterator(p.output(0)), x)
    c.add('tensor_iterator backwards', lambda p: iterator(p.output(0), -1, 0, -1), x)
    c.add('tensor_iterator parts', lambda p: iterator(p.output(0), 0, -1, 2, 2), x)

    def looped(p, count, limit):
        step, state, going = op.parameter([], np.int64), op.parameter([2, 3], np.float32), None
        next_state = op.add(op.multiply(state, np.float32(1.5)), op.convert(step, 'f32'))
        condition = op.result(op.less(op.reduce_max(next_state, i64(0, 1), False), np.float32(limit)))
        carried, joined = op.result(next_state), op.result(op.unsqueeze(next_state, i64(0)))
        loop = op.loop(op.constant(np.int64(count)), op.constant(True))
        loop.set_function(ov.Model([condition, carried, joined], [step, state], 'body'))
        loop.set_special_body_ports([0, 0])
        loop.set_merged_input(state, p, carried.output(0))
        return [loop.get_iter_value(carried.output(0), -1), loop.get_concatenated_slices(joined.output(0), 0, 1, 1, -1, 0)]
    c.add('loop', lambda p: looped(p.output(0), 4, 1e9), c.floats(2, 3))
    c.add('loop condition', lambda p: looped(p.output(0), -1, 20), c.floats(2, 3, low=0))

    def branch(p, q):
        bodies = []
        for factor in [2, 3]:
            value = op.parameter([2, 3], np.float32)
            bodies.append((value, op.result(op.multiply(value, np.float32(factor))), op.result(op.add(value, np.float32(factor)))))
        node = op.if_op(p)
        node.set_then_body(ov.Model(list(bodies[0][1:]), [bodies[0][0]], 'then'))
        node.set_else_body(ov.Model(list(bodies[1][1:]), [bodies[1][0]], 'else'))
        node.set_input(q.output(0), bodies[0][0], bodies[1][0])
        return [node.set_output(bodies[0][1], bodies[1][1]), node.set_output(bodies[0][2], bodies[1][2])]
    for flag in [True, False]:
        c.add(f'if {flag}', branch, np.array(flag), c.floats(2, 3))


@group
def detection(c):
    corners = c.floats(2, 12, 4, low=0, high=1)
    boxes = np.concatenate([corners[..., :2], corners[..., :2] + corners[..., 2:]], -1)
    scores = c.floats(2, 3, 12, low=0, high=1)
    for version in [1, 3, 4, 5, 9]:
        for sort in [True, False]:
            create = NodeFactory(f'opset{version}').create
            attributes = {'box_encoding': 'corner', 'sort_result_descending': sort, **({'output_type': 'i64'} if version > 1 else {})}
            c.add(f'nms {version} {sort}', lambda p, q: [
                output for output in create('NonMaxSuppression', [p, q] + [op.constant(v) for v in [np.int64(3), np.float32(0.3), np.float32(0.6)]], attributes).outputs()], boxes[:1], scores[:1])
    c.add('nms center', lambda p, q: list(opset9.non_max_suppression(p, q, np.int64(2), np.float32(0.4), np.float32(0.1), None, 'center', True, 'i32').outputs()), corners, scores)
    c.add('nms nothing', lambda p, q: list(opset9.non_max_suppression(p, q, np.int64(2), np.float32(0.4), np.float32(2)).outputs()), boxes, scores)
    image = c.short(2, 3, 8, 9)
    regions = f32([[0, 0, 0, 7, 6], [1, 2, 1, 5, 7], [0, 3, 3, 4, 4]])
    c.add('roi_pooling max', lambda p, q: ov.opset2.roi_pooling(p, q, [3, 2], 1.0, 'max'), image, regions)
    c.add('roi_pooling scaled', lambda p, q: ov.opset2.roi_pooling(p, q, [2, 2], 0.5, 'max'), image, regions * f32([1, 2, 2, 2, 2]))
    fractions = f32([[0, 0, 0, 1, 1], [1, 0.2, 0.1, 0.7, 0.9]])
    c.add('roi_pooling bilinear', lambda p, q: ov.opset2.roi_pooling(p, q, [3, 4], 1.0, 'bilinear'), image, fractions)
    places = op.constant(i32(0, 1, 0))
    for mode in ['avg', 'max']:
        for aligned in ['asymmetric', 'half_pixel', 'half_pixel_for_nn']:
            c.add(f'roi_align {mode} {aligned}', lambda p, q: opset9.roi_align(p, q, places, 3, 2, 2, 0.5, mode, aligned), image, regions[:, 1:] * f32(2))
    c.add('roi_align adaptive', lambda p, q: opset3.roi_align(p, q, places, 2, 2, 0, 1.0, 'avg'), image, regions[:, 1:])

    prior = {'min_size': [16.0], 'max_size': [38.46], 'aspect_ratio': [2.0, 3.0], 'flip': True, 'clip': False, 'variance': [0.1, 0.1, 0.2, 0.2], 'step': 16.0, 'offset': 0.5}
    def boxes_of(p, q, name, attributes, version='opset8'):
        size = lambda node: op.strided_slice(op.shape_of(node), i64(2), i64(4), i64(1), [0], [0])
        return [op.unsqueeze(NodeFactory(version).create(name, [size(p), size(q)], attributes), i64(0)), op.relu(p), op.relu(q)]
    grid, picture = c.floats(1, 2, 3, 2), c.floats(1, 1, 48, 32)
    for label, changes in [('plain', {}), ('clip', {'clip': True}), ('no step', {'step': 0.0}), ('no flip', {'flip': False, 'variance': []}),
                           ('order', {'min_max_aspect_ratios_order': False}), ('two', {'min_size': [8.0, 16.0], 'max_size': [12.0, 24.0]}),
                           ('scale', {'scale_all_sizes': False, 'min_size': [0.2, 0.4], 'max_size': [], 'step': -1.0}),
                           ('fixed', {'fixed_size': [16.0, 32.0], 'density': [2.0, 1.0], 'min_size': [], 'max_size': []}),
                           ('fixed ratio', {'fixed_size': [16.0], 'fixed_ratio': [1.0, 2.0], 'density': [2.0], 'min_size': [], 'max_size': []})]:
        attributes = {**prior, **changes}
        version = 'opset8' if 'min_max_aspect_ratios_order' in changes else 'opset1'
        c.add('prior_box ' + label, lambda p, q: boxes_of(p, q, 'PriorBox', attributes, version), grid, picture)
    c.add('prior_box_clustered', lambda p, q: boxes_of(p, q, 'PriorBoxClustered', {'width': [8.0, 20.0], 'height': [10.0, 6.0], 'clip': True, 'step': 16.0, 'offset': 0.5, 'variance': [0.1, 0.1, 0.2, 0.2]}, 'opset1'), grid, picture)
    c.add('prior_box_clustered no step', lambda p, q: boxes_of(p, q, 'PriorBoxClustered', {'width': [8.0], 'height': [10.0], 'clip': False, 'step_widths': 0.0, 'step_heights': 0.0, 'offset': 0.5, 'variance': [0.1]}, 'opset1'), grid, picture)

    count, classes = 10, 4
    low = c.floats(1, count, 2, low=0, high=0.6)
    priors = np.concatenate([low, low + c.floats(1, count, 2, low=0.1, high=0.4)], -1).reshape(1, 1, -1)
    variances = np.tile(f32([0.1, 0.1, 0.2, 0.2]), count).reshape(1, 1, -1)
    table = np.concatenate([priors, variances], 1)
    base = {'background_label_id': 0, 'top_k': 8, 'variance_encoded_in_target': False, 'keep_top_k': [5], 'code_type': 'caffe.PriorBoxParameter.CENTER_SIZE',
            'share_location': True, 'nms_threshold': 0.4, 'confidence_threshold': 0.3, 'clip_after_nms': False, 'clip_before_nms': False,
            'decrease_label_id': False, 'normalized': True, 'input_height': 1, 'input_width': 1, 'objectness_score': 0.0}
    for label, changes in [('plain', {}), ('corner', {'code_type': 'caffe.PriorBoxParameter.CORNER'}), ('encoded', {'variance_encoded_in_target': True}), ('clip', {'clip_before_nms': True}),
                           ('clip after', {'clip_after_nms': True}), ('few', {'top_k': 2}), ('many', {'keep_top_k': [40], 'top_k': 400}), ('background', {'background_label_id': 2})]:
        for batch in [1, 2]:
            attributes = {**base, **changes}
            logits, classes_of = c.short(batch, count * 4, low=-1, high=1), c.floats(batch, count * classes, low=0, high=1)
            c.add(f'detection_output {label} {batch}', lambda p, q, r: opset8.detection_output(p, q, r, attributes), logits, classes_of, priors if attributes['variance_encoded_in_target'] else table)
    pixels = np.concatenate([np.zeros((1, count, 1), np.float32), (priors * 100).reshape(1, count, 4)], -1).reshape(1, 1, -1)
    padded = np.concatenate([np.tile(f32([0.1, 0.1, 0.2, 0.2]), count), np.zeros(count, np.float32)]).reshape(1, 1, -1)
    c.add('detection_output pixels', lambda p, q, r: opset8.detection_output(p, q, r, {**base, 'normalized': False, 'input_height': 100, 'input_width': 100}),
          c.floats(1, count * 4, low=-1, high=1), c.floats(1, count * classes, low=0, high=1), np.concatenate([pixels, padded], 1))

    attributes = {'base_size': 16, 'pre_nms_topn': 20, 'post_nms_topn': 6, 'nms_thresh': 0.6, 'feat_stride': 16, 'min_size': 8,
                  'ratio': [0.5, 1.0, 2.0], 'scale': [1.0, 2.0], 'clip_before_nms': True, 'clip_after_nms': False, 'normalize': False, 'box_size_scale': 1.0,
                  'box_coordinate_scale': 1.0, 'framework': ''}
    for label, changes in [('plain', {}), ('tensorflow', {'framework': 'tensorflow', 'box_size_scale': 5.0, 'box_coordinate_scale': 10.0}), ('normalize', {'normalize': True}),
                           ('clip after', {'clip_before_nms': False, 'clip_after_nms': True}), ('few', {'post_nms_topn': 40, 'nms_thresh': 0.1})]:
        for batch in [1, 2]:
            c.add(f'proposal {label} {batch}', lambda p, q: list(NodeFactory('opset4').create('Proposal', [p, q, op.constant(f32([32, 48, 1]))], {**attributes, **changes}).outputs()[:1 if label == 'few' else 2]),
                  c.floats(batch, 12, 2, 3, low=0, high=1), c.short(batch, 24, 2, 3, low=-0.5, high=0.5))
    region = c.floats(1, 3 * 9, 2, 3)
    c.add('region_yolo softmax', lambda p: opset1.region_yolo(p, 4, 4, 3, True, [], 1, 3, [1.0] * 6), region)
    c.add('region_yolo sigmoid', lambda p: opset1.region_yolo(p, 4, 4, 9, False, [0, 1, 2], 1, 3, [1.0] * 6), region)
    c.add('reorg_yolo', lambda p: ov.opset2.reorg_yolo(p, [2]), c.floats(2, 8, 4, 6))


if __name__ == '__main__':
    for name in sys.argv[1:] or GROUPS:
        cases = Cases(name)
        GROUPS[name](cases)
        cases.write()
