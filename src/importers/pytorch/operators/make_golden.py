"""Makes golden.json: for each operator a traced program, its inputs, and what PyTorch computes.

    python make_golden.py golden.json

Needs torch and numpy. One case is one line of `cases`: a name, a function of tensors, and the shapes of the tensors. A
shape that begins with a letter is of integers (`i`, below the last number) or booleans (`b`).
"""

import base64
import io
import json
import re
import sys
import zipfile

import torch
import torch.nn.functional as F

generator = torch.Generator().manual_seed(0)


def make(shape):
    if isinstance(shape, torch.Tensor):
        return shape
    if shape and shape[0] == 'i':
        return torch.randint(0, shape[-1], shape[1:-1], generator=generator)
    if shape and shape[0] == 'b':
        return torch.rand(shape[1:], generator=generator) > 0.5
    # Few digits, so that the file stays small.
    return torch.round(torch.randn(shape, generator=generator) * 64) / 64


x4, x3, x2 = (1, 2, 5, 6), (2, 3, 4), (3, 4)
cases = [
    # Element by element.
    ('add', lambda a, b: torch.add(a, b, alpha=2), x3, (3, 1)),
    ('sub', lambda a, b: torch.sub(a, b, alpha=0.5), x2, (4,)),
    ('rsub', lambda a: 3 - a, x2),
    ('mul', lambda a, b: a * b * 2, x2, (3, 1)),
    ('div', lambda a, b: a / (b.abs() + 1), x2, x2),
    ('div of integers', lambda a: a / 2, ('i', 3, 9)),
    ('div floor', lambda a, b: torch.div(a, b.abs() + 1, rounding_mode='floor'), x2, x2),
    ('div trunc', lambda a, b: torch.div(a, b.abs() + 0.1, rounding_mode='trunc'), x2, x2),
    ('floor_divide', lambda a: (a - 4) // 3, ('i', 7, 9)),
    ('remainder of integers', lambda a: (a - 4) % 3, ('i', 7, 9)),
    ('remainder', lambda a: torch.remainder(a, -0.7), x2),
    ('pow', lambda a: a.abs() ** 1.5 + 2 ** a + a ** 2, x2),
    ('promotion', lambda a, b: (a + 1.5) * b + (a > 3), ('i', 4, 9), (4,)),
    ('maximum minimum', lambda a, b: torch.maximum(a, b) - torch.minimum(a, b) * 2, x2, x2),
    ('comparisons', lambda a, b: torch.stack([a > b, a >= b, a < b, a <= b, a == b, a != b]).float(), ('i', 6, 3), ('i', 6, 3)),
    ('logic', lambda a, b: torch.stack([a & b, a | b, a ^ b, ~a, torch.logical_and(a, b), torch.logical_not(b)]).float(), ('b', 5), ('b', 5)),
    ('bits', lambda a, b: torch.stack([a & b, a | b, a ^ b, ~a]), ('i', 5, 99), ('i', 5, 99)),
    ('clamp', lambda a: torch.clamp(a, -0.5, 0.3) + a.clamp(min=0) + torch.clamp_max(a, 0.1), x2),
    ('clamp by tensors', lambda a, b: torch.clamp(a, b - 0.5, b), x2, (4,)),
    ('where', lambda a, b: torch.where(a > 0, a, b), x2, (4,)),
    ('masked_fill', lambda a, m: a.masked_fill(m, -2.0), x2, ('b', 3, 1)),
    ('addcmul addcdiv lerp', lambda a, b: torch.addcmul(a, a, b, value=0.5) + torch.addcdiv(a, a, b.abs() + 1) + torch.lerp(a, b, 0.3), x2, x2),
    ('exponentials', lambda a: torch.exp(a) + torch.expm1(a) + torch.sigmoid(a) + torch.tanh(a) + torch.erf(a), x2),
    ('logarithms', lambda a: torch.stack([f(a.abs() + 1) for f in (torch.log, torch.log2, torch.log10, torch.log1p, torch.sqrt, torch.rsqrt, torch.reciprocal, torch.square)]), x2),
    ('trigonometry', lambda a: torch.stack([f(a * 0.3) for f in (torch.sin, torch.cos, torch.tan, torch.asin, torch.acos, torch.atan, torch.sinh, torch.cosh, torch.asinh, torch.atanh)]), (4,)),
    ('rounding', lambda a: torch.stack([torch.floor(a * 3), torch.ceil(a * 3), torch.round(a * 3), torch.trunc(a * 3), torch.sign(a), torch.neg(a), torch.abs(a)]), x2),
    # Activations.
    ('relu in place', lambda a: (a + 1).relu_() + F.relu(a), x2),
    ('hard activations', lambda a: torch.stack([f(a * 4) for f in (F.hardswish, F.hardsigmoid, F.hardtanh, F.relu6, F.softsign, F.selu)]), x2),
    ('smooth activations', lambda a: torch.stack([F.silu(a), F.mish(a), F.gelu(a), F.gelu(a, approximate='tanh'), F.logsigmoid(a), F.softplus(a), F.softplus(a, beta=2)]), x2),
    ('slopes', lambda a: torch.stack([F.leaky_relu(a, 0.2), F.elu(a, 0.7), F.celu(a, 0.6), F.threshold(a, 0.1, -3), F.hardshrink(a), F.softshrink(a), F.rrelu(a)]), x2),
    ('prelu', lambda a, w: F.prelu(a, w), (2, 3, 2, 2), (3,)),
    ('glu', lambda a: F.glu(a, 1), x3[:1] + (4, 3)),
    ('softmax', lambda a: F.softmax(a, -1) + F.log_softmax(a, 1), x3),
    # Convolutions.
    ('conv1d', lambda a, w, b: F.conv1d(a, w, b, stride=2, padding=1), (1, 2, 7), (3, 2, 3), (3,)),
    ('conv2d', lambda a, w: F.conv2d(a, w, None, (2, 1), (1, 2), (1, 2)), x4, (3, 2, 2, 3)),
    ('conv2d of groups', lambda a, w, b: F.conv2d(a, w, b, padding=1, groups=2), x4, (4, 1, 3, 3), (4,)),
    ('conv2d same', lambda a, w: F.conv2d(a, w, padding='same', dilation=2), x4, (3, 2, 2, 3)),
    ('conv2d without a batch', lambda a, w: F.conv2d(a, w), (2, 4, 4), (3, 2, 2, 2)),
    ('conv3d', lambda a, w: F.conv3d(a, w, padding=1), (1, 1, 3, 3, 3), (2, 1, 2, 2, 2)),
    ('conv_transpose2d', lambda a, w, b: F.conv_transpose2d(a, w, b, stride=2, padding=1, output_padding=1, groups=2), (1, 4, 3, 3), (4, 1, 3, 3), (2,)),
    ('conv_transpose1d', lambda a, w: F.conv_transpose1d(a, w, stride=3), (1, 2, 3), (2, 3, 2)),
    # Matrices.
    ('linear', lambda a, w, b: F.linear(a, w, b), x3, (5, 4), (5,)),
    ('linear of matrices', lambda a, w: F.linear(a, w), x2, (5, 4)),
    ('products', lambda a, b, c: torch.matmul(a, b) + torch.matmul(a, c).unsqueeze(-1), x3, (4, 2), (4,)),
    ('bmm baddbmm', lambda a, b, c: torch.bmm(a, b) + torch.baddbmm(c, a, b, beta=0.5, alpha=2), x3, (2, 4, 2), (2, 3, 2)),
    ('addmm', lambda a, b, c: torch.addmm(c, a, b, beta=2, alpha=0.5) + torch.mm(a, b), x2, (4, 2), (2,)),
    ('outer dot mv', lambda a, b, m: torch.outer(a, b) * torch.dot(a, a) + torch.mv(m, b).unsqueeze(1), (3,), (4,), x2),
    ('einsum', lambda a, b: torch.einsum('bij,bjk->bik', a, b) + torch.einsum('bij,bjk', a, b), x3, (2, 4, 2)),
    # Pooling.
    ('max_pool2d', lambda a: F.max_pool2d(a, 3, 2, 1), x4),
    ('max_pool2d rounded up', lambda a: F.max_pool2d(a, 2, 2, ceil_mode=True), (1, 2, 5, 7)),
    ('max_pool2d dilated', lambda a: F.max_pool2d(a, (2, 3), 1, 1, (2, 1)), x4),
    ('max_pool1d', lambda a: F.max_pool1d(a, 3, 2), (1, 2, 7)),
    ('avg_pool2d', lambda a: F.avg_pool2d(a, 3, 2, 1), x4),
    ('avg_pool2d without padding', lambda a: F.avg_pool2d(a, 3, 2, 1, count_include_pad=False), x4),
    ('avg_pool2d rounded up', lambda a: F.avg_pool2d(a, 3, 2, 1, ceil_mode=True), (1, 2, 6, 8)),
    ('avg_pool2d rounded up without padding', lambda a: F.avg_pool2d(a, 2, 2, ceil_mode=True), (1, 2, 5, 7)),
    ('avg_pool1d', lambda a: F.avg_pool1d(a, 2), (1, 2, 6)),
    ('avg_pool3d', lambda a: F.avg_pool3d(a, 2), (1, 1, 4, 4, 4)),
    ('adaptive_avg_pool2d', lambda a: F.adaptive_avg_pool2d(a, (3, 4)), x4),
    ('adaptive_avg_pool2d divides', lambda a: F.adaptive_avg_pool2d(a, (5, 3)), x4),
    ('adaptive_avg_pool2d to one', lambda a: F.adaptive_avg_pool2d(a, 1), x4),
    ('adaptive_avg_pool1d', lambda a: F.adaptive_avg_pool1d(a, 3), (1, 2, 7)),
    ('adaptive_max_pool2d', lambda a: F.adaptive_max_pool2d(a, (3, 4)), x4),
    # Normalisation.
    ('batch_norm', lambda a, m, v, w, b: F.batch_norm(a, m, v.abs() + 0.5, w, b), (2, 3, 2, 2), (3,), (3,), (3,), (3,)),
    ('batch_norm without weights', lambda a, m, v: F.batch_norm(a, m, v.abs() + 0.5), (2, 3), (3,), (3,)),
    ('layer_norm', lambda a, w, b: F.layer_norm(a, (3, 4), w, b) + F.layer_norm(a, (4,)), x3, x2, x2),
    ('group_norm', lambda a, w, b: F.group_norm(a, 2, w, b), (2, 4, 3, 2), (4,), (4,)),
    ('instance_norm', lambda a, w, b: F.instance_norm(a, weight=w, bias=b), (2, 3, 4, 2), (3,), (3,)),
    ('rms_norm', lambda a, w: F.rms_norm(a, (4,), w, 1e-5), x3, (4,)),
    ('normalize', lambda a: F.normalize(a, dim=1), x3),
    ('local_response_norm', lambda a: F.local_response_norm(a, 3), (1, 4, 2, 2)),
    ('cosine_similarity', lambda a, b: (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)), x2, x2),
    # Shapes.
    ('reshape', lambda a: a.reshape(4, -1).view(2, 3, 4).flatten(1) + a.unflatten(2, (2, 2)).flatten(1), x3),
    ('permute', lambda a: a.permute(2, 0, 1) + a.transpose(0, 2).transpose(1, 2) + a.movedim(2, 0), x3),
    ('squeeze', lambda a: a.unsqueeze(1).squeeze(1) + a.unsqueeze(-1).squeeze() + a[None].squeeze((0,)), x3),
    ('expand', lambda a: a.expand(2, -1, 4) + a.repeat(2, 1, 4) + a.expand_as(torch.zeros(2, 3, 4)), (1, 3, 1)),
    ('repeat_interleave', lambda a: a.repeat_interleave(2, 1), x2),
    ('cat stack', lambda a, b: torch.cat([torch.stack([a, b], 1).flatten(0, 1), a], 0), x2, x2),
    ('split chunk unbind', lambda a: torch.cat([*a.split(3, 1)[::-1], *a.chunk(3, 1), *torch.split(a, [1, 4, 2], 1)], 1) + sum(a.unbind(1)).unsqueeze(1), (2, 7)),
    ('slice', lambda a: a[:, 1:, ::2] + a[:, -2:, :2] + a.narrow(1, 1, 2)[:, :, 2:], x3),
    ('select', lambda a: a[-1] + a.select(0, 0) + a[:, 1:, 0].unsqueeze(-1).sum(), x3),
    ('flip roll', lambda a: a.flip(0, 2) + a.roll((1, -2), (1, 2)) + a.roll(5), x3),
    ('types', lambda a: a.to(torch.int64).to(torch.float32) + a.half().float() + a.type_as(a) + (a > 0).long(), x2),
    ('writes in place', lambda a: F.relu_(a.clone().add_(1).mul_(2).sub_(a)) + a.clone().fill_(3) + a.clone().zero_(), x2),
    ('write to a view', lambda a: _write(a), x3),
    ('masked write', lambda a: _masked(a), x2),
    # Indexing.
    ('index', lambda a, i: a[:, i] + a[:, [2, 0]], x3, ('i', 2, 3)),
    ('index of two axes', lambda a, i, j: a[:, i, j], x3, ('i', 2, 1, 3), ('i', 5, 4)),
    ('embedding', lambda w, i: F.embedding(i, w), x2, ('i', 2, 2, 3)),
    ('index_select gather', lambda a, i: a.index_select(1, i[0]) + a.gather(1, i), (2, 3), ('i', 2, 3, 3)),
    ('scatter', lambda a, i, s: a.scatter(1, i, s) + a.scatter(1, i, 2.0), (2, 4), torch.tensor([[0, 2], [3, 1]]), (2, 2)),
    ('scatter_add', lambda a, i, s: a.scatter_add(1, i, s), (2, 4), ('i', 2, 3, 4), (2, 3)),
    ('topk sort', lambda a: torch.cat([a.topk(2, 1)[0], a.sort(1, descending=True)[0], a.sort(0)[1].float(), a.argsort(1).float()], 1), x2),
    ('argmax argmin', lambda a: torch.cat([a.argmax(1), a.argmin(1), a.argmax().unsqueeze(0)]), x2),
    ('triangles', lambda a: a.tril(1) + a.triu(-1) * 2, x3),
    ('cumsum', lambda a: a.cumsum(1), x3),
    ('meshgrid', lambda a, b: sum(torch.meshgrid(a, b, indexing='ij')) + torch.meshgrid(b, a, indexing='xy')[0] * 2, (3,), (4,)),
    ('one_hot', lambda i: F.one_hot(i, 5), ('i', 3, 5)),
    ('creation', lambda a: torch.zeros(3, 4) + torch.ones_like(a) + torch.full((4,), 2.5) + torch.arange(4) + torch.arange(1, 9, 2) + torch.linspace(0, 1, 4) + a.new_zeros(4) + torch.eye(3, 4), x2),
    # Reductions.
    ('mean sum', lambda a: a.mean((1, 2)) + a.sum((1, 2)) + a.mean() + a.sum(0).sum(), x3),
    ('sum of integers', lambda a: a.sum(1) + (a > 2).sum(1), ('i', 3, 4, 5)),
    ('prod logsumexp', lambda a: a.prod(1) + torch.logsumexp(a, 1), x2),
    ('max min', lambda a, b: torch.max(a, 1)[0] + torch.min(a, 1)[1] + a.max() - a.min() + torch.max(a, b).amax(1) + a.amin(1), x2, x2),
    ('all any', lambda a: torch.stack([a.all(1), a.any(1)]).float() + a.any(), ('b', 4, 2)),
    ('norms', lambda a: a.norm(dim=1) + a.norm(1, dim=1) + torch.linalg.vector_norm(a, 3, dim=1) + a.norm(float('inf'), dim=1), x2),
    ('var std', lambda a: a.var(1) + a.std(1, unbiased=False) + torch.var_mean(a, 1)[1] + a.var(), x2),
    # Resizing and padding.
    ('nearest', lambda a: F.interpolate(a, scale_factor=2), x4),
    ('nearest to a size', lambda a: F.interpolate(a, (7, 4)), x4),
    ('nearest-exact', lambda a: F.interpolate(a, (7, 4), mode='nearest-exact'), x4),
    ('nearest1d', lambda a: F.interpolate(a, 9), (1, 2, 4)),
    ('bilinear', lambda a: F.interpolate(a, (8, 9), mode='bilinear'), x4),
    ('bilinear aligned', lambda a: F.interpolate(a, (8, 9), mode='bilinear', align_corners=True), x4),
    ('bilinear by a factor', lambda a: F.interpolate(a, scale_factor=1.7, mode='bilinear'), x4),
    ('bilinear smaller', lambda a: F.interpolate(a, (2, 3), mode='bilinear'), x4),
    ('bilinear antialiased', lambda a: F.interpolate(a, (2, 4), mode='bilinear', antialias=True), x4),
    ('linear1d', lambda a: F.interpolate(a, 9, mode='linear'), (1, 2, 4)),
    ('trilinear', lambda a: F.interpolate(a, (4, 3, 5), mode='trilinear'), (1, 1, 2, 3, 4)),
    ('bicubic', lambda a: F.interpolate(a, (8, 4), mode='bicubic') + F.interpolate(a, (8, 4), mode='bicubic', align_corners=True), x4),
    ('pad', lambda a: F.pad(a, (1, 2, 0, 1), value=3.0) + F.pad(a, (1, 2, 0, 1)), x3),
    ('pad that cuts', lambda a: F.pad(a, (-1, 2, 1, -1)), x3),
    ('pad modes', lambda a: F.pad(a, (1, 2, 1, 1), mode='reflect') + F.pad(a, (1, 2, 1, 1), mode='replicate') + F.pad(a, (1, 2, 1, 1), mode='circular'), x4),
    # Vision.
    ('pixel_shuffle', lambda a: F.pixel_shuffle(a, 2), (1, 8, 2, 3)),
    ('pixel_unshuffle', lambda a: F.pixel_unshuffle(a, 2), (1, 2, 4, 6)),
    ('channel_shuffle', lambda a: F.channel_shuffle(a, 2), (1, 4, 2, 2)),
    ('grid_sample', lambda a, g: F.grid_sample(a, g * 0.5, align_corners=False), x4, (1, 3, 2, 2)),
    # Attention.
    ('attention', lambda q, k, v: F.scaled_dot_product_attention(q, k, v), (1, 2, 3, 4), (1, 2, 5, 4), (1, 2, 5, 4)),
    ('attention causal', lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.3), x3, x3, x3),
    ('attention masked', lambda q, m, n: F.scaled_dot_product_attention(q, q, q, m | torch.eye(3).bool()) + F.scaled_dot_product_attention(q, q, q, n), x3, ('b', 3, 3), (3, 3)),
    ('attention of groups', lambda q, k: F.scaled_dot_product_attention(q, k, k, enable_gqa=True), (1, 4, 3, 2), (1, 2, 3, 2)),
    # Recurrent cells.
    ('lstm_cell', lambda x, h, c, w, u, b: torch.stack(torch.lstm_cell(x, (h, c), w, u, b, b)), (2, 3), (2, 4), (2, 4), (16, 3), (16, 4), (16,)),
    ('gru_cell', lambda x, h, w, u, b: torch.gru_cell(x, h, w, u, b, b), (2, 3), (2, 4), (12, 3), (12, 4), (12,)),
    ('lstm', lambda x, h, w, u, b: torch.cat([y.flatten() for y in torch.lstm(x, (h, h), (w, u, b, b), True, 1, 0.0, False, False, False)]), (5, 2, 3), (1, 2, 4), (16, 3), (16, 4), (16,)),
    ('gru', lambda x, h, w, u, b: torch.gru(x, h, (w, u, b, b) * 2, True, 1, 0.0, False, True, True)[0], (2, 5, 3), (2, 2, 4), (12, 3), (12, 4), (12,)),
    ('rnn_relu', lambda x, h, w, u: torch.rnn_relu(x, h, (w, u), False, 1, 0.0, False, False, False)[0], (5, 2, 3), (1, 2, 4), (4, 3), (4, 4)),
    # Sizes on their way through tensors.
    ('traced sizes', lambda a: a.reshape(a.shape[0] * a.shape[1] // 2, -1)[: a.shape[2] // 3 + 1] + a.size(1) / 2, x3),
]


def _write(a):
    b = a.clone()
    b[:, 1:, 0] = 7
    b[1][0] += 2
    b[..., 2:4].mul_(3)
    return b


def _masked(a):
    b = a.clone()
    b[b > 0.3] = -1.0
    return b


class Program(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *tensors):
        return self.function(*tensors)


def encode(tensor):
    # Constants of a program may be numbers: they are tensors without axes.
    if isinstance(tensor, float):
        tensor = torch.tensor(tensor, dtype=torch.float64)
    tensor = torch.as_tensor(tensor)
    kind = {torch.int64: 'int64', torch.bool: 'bool', torch.float64: 'float64'}.get(tensor.dtype, 'float32')
    data = tensor.contiguous().numpy().tobytes()
    return {'type': kind, 'dims': list(tensor.shape), 'data': base64.b64encode(data).decode()}


def golden(name, function, *shapes):
    tensors = [make(shape) for shape in shapes]
    with torch.no_grad():
        result = function(*tensors).float()
        traced = torch.jit.trace(Program(function), tensors, check_trace=False)
    file = io.BytesIO()
    torch.jit.save(traced, file)
    archive = zipfile.ZipFile(file)
    # The class gets a new name each time.
    code = next(n for n in archive.namelist() if re.search(r'code/__torch__(/___torch_mangle_\d+)?\.py$', n))
    text = re.sub(r'___torch_mangle_\d+\.', '', archive.read(code).decode())
    return {
        'name': name,
        'code': text,
        'constants': [encode(c) for c in traced.code_with_constants[1].const_mapping.values()],
        'inputs': [encode(t) for t in tensors],
        'output': encode(result),
    }


if __name__ == '__main__':
    made = []
    for case in cases:
        try:
            made.append(golden(*case))
        except Exception as error:
            print(case[0], error, file=sys.stderr)
    with open(sys.argv[1], 'w') as out:
        json.dump(made, out, indent=2)
        out.write('\n')
