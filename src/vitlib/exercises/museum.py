"""The blocks of the hunt: right ones, and 13 whose mistake shows from outside.

A mistake that other weights would make good, such as another scale of the scores,
cannot be told from a call and is not among them.
"""

import math

import torch
from torch.nn import functional as F

from vitlib.block import MultiHeadAttention, ViTBlock
from vitlib.right_shape_wrong_model import MISTAKES

D = 12  # the width of every block in the hunt


class _DropoutInEval(ViTBlock):
    def forward(self, X):
        return super().forward(X) * (self.draw.uniform(*X.shape) > 0.1) / 0.9


class _Positions(MultiHeadAttention):
    def forward(self, X):
        place = torch.arange(X.shape[1], dtype=X.dtype).unsqueeze(1)  # (N, 1)
        return super().forward(X + torch.sin(place + 1))


class _Masked(MultiHeadAttention):
    def forward(self, X):
        Q, K, V = self.project(X)
        seen = self.seen(torch.ones(X.shape[1], X.shape[1], dtype=torch.bool))
        Y = F.scaled_dot_product_attention(Q, K, V, attn_mask=seen)
        return self.W_o(self.merge_heads(Y))


class _Causal(_Masked, MultiHeadAttention):
    seen = staticmethod(torch.tril)


class _OnlyItself(_Masked, MultiHeadAttention):
    seen = staticmethod(lambda ones: torch.eye(len(ones)) > 0)


class _SoftmaxOverHeads(MultiHeadAttention):
    def forward(self, X):
        Q, K, V = self.project(X)
        scores = Q @ K.transpose(2, 3) / math.sqrt(Q.shape[3])  # (B, H, N, N)
        return self.W_o(self.merge_heads(scores.softmax(dim=1) @ V))


class _MLPReplaces(ViTBlock):
    def forward(self, X):
        return self.mlp(self.ln2(X + self.attention(self.ln1(X))))


class _BareMLP(ViTBlock):
    def forward(self, X):
        X = X + self.attention(self.ln1(X))
        return X + self.mlp(X)


class _NormOverTokens(ViTBlock):
    def forward(self, X):
        X = X + self.attention(self.norm(X, self.ln1))
        return X + self.mlp(self.norm(X, self.ln2))

    def norm(self, X, ln):
        return F.layer_norm(X, X.shape[1:]) * ln.weight + ln.bias


# A part with a mistake, and what is mistaken, in the order of the hints.
MUSEUM = (
    (
        _DropoutInEval,
        "a layer that goes on as in training",
        "평가할 때도 학습할 때처럼 동작하는 층",
    ),
    (
        MISTAKES["attention across the batch"],
        "attention along the wrong axis of (B, N, D)",
        "(B, N, D)에서 엉뚱한 축을 따라 계산한 어텐션",
    ),
    (_Positions, "positions added inside the block", "블록 안에서 더한 위치"),
    (_Causal, "a mask left over from a language model", "언어 모델에서 쓰던 마스크"),
    (
        MISTAKES["heads split without transpose"],
        "heads cut while the token axis was in the way",
        "토큰 축을 비켜 놓지 않고 나눈 헤드",
    ),
    (
        MISTAKES["heads merged without transpose"],
        "heads put back in another way than they were cut",
        "나눈 방식과 다르게 되돌려 합친 헤드",
    ),
    (_MLPReplaces, "an MLP that replaces the stream", "잔차 스트림을 대신해 버린 MLP"),
    (
        MISTAKES["norm on the residual stream"],
        "a sum that keeps the normalized tokens",
        "정규화한 토큰에 더하는 잔차 연결",
    ),
    (
        _BareMLP,
        "an MLP that reads the stream unnormalized",
        "정규화하지 않은 스트림을 읽는 MLP",
    ),
    (_SoftmaxOverHeads, "a softmax along the heads", "헤드를 따라 적용한 소프트맥스"),
    (
        _NormOverTokens,
        "a norm that takes one mean for all tokens of an image",
        "이미지의 모든 토큰에서 평균을 하나만 구하는 정규화",
    ),
    (
        _OnlyItself,
        "a mask in which True and False are exchanged",
        "True와 False를 맞바꾼 마스크",
    ),
    (
        MISTAKES["parallel residual"],
        "attention and MLP side by side",
        "나란히 계산한 어텐션과 MLP",
    ),
)


def box(draw, wrong=None, fed=None):
    """A block with random weights as a plain function; notes its inputs in `fed`."""
    block = ViTBlock(D, D, 2 * D, draw.choice((2, 3, 4)), 0.0, use_bias=True).eval()
    for p in block.parameters():
        p.data = draw.normal(*p.shape) / (math.sqrt(D) if p.dim() == 2 else 5)
    for ln in (block.ln1, block.ln2):
        ln.weight.data += 1
    for part in block.modules():
        if wrong is not None and type(part) is wrong.__bases__[-1]:
            part.__class__ = wrong
    block.draw = draw

    def answer(X):
        if not (isinstance(X, torch.Tensor) and X.dim() == 3 and X.shape[2] == D):
            got = tuple(X.shape) if isinstance(X, torch.Tensor) else type(X).__name__
            raise ValueError(f"a block takes tokens (B, N, {D}), got {got}")
        if fed is not None:
            fed.append(X.detach().clone())
        with torch.no_grad():
            return block(X.detach().float())

    return answer
