"""How the tokens of a ViT are mishandled: pooling, positions, embedding."""

import torch
from torch.nn import functional as F


def pooled(tokens, norm):
    """Known mistakes in the pooling."""
    patches, N = tokens[:, 1:], tokens.shape[1] - 1
    return (
        (
            norm(patches.mean(dim=1)),
            "The mean is normalized. The task normalizes each token, and a long "
            "vector then weighs no more than a short one.",
            "평균을 정규화했습니다. 문제에서는 토큰마다 정규화합니다. 그래야 긴 벡터가 "
            "짧은 벡터보다 큰 몫을 차지하지 않습니다.",
        ),
        (
            norm(tokens).mean(dim=1),
            "The class token is part of the mean. Who is to speak for the image now?",
            "평균에 클래스 토큰도 들어갔습니다. 이제 무엇이 이미지를 대표해야 하나요?",
        ),
        (
            norm(tokens)[:, 0],
            "The result is the class token, as before.",
            "결과가 전과 다름없이 클래스 토큰입니다.",
        ),
        (
            patches.mean(dim=1),
            "The patches are averaged without the final norm.",
            "마지막 정규화 없이 패치를 평균했습니다.",
        ),
        (
            norm(patches).sum(dim=1) / (N + 1),
            "The class token is left out of the sum, but not of the number that the "
            "sum is divided by.",
            "합에서는 클래스 토큰을 뺐는데, 합을 나누는 수에서는 빼지 않았습니다.",
        ),
        (
            norm(patches).sum(dim=1),
            "The patches are summed. Then an image with more patches has larger "
            "logits.",
            "패치를 모두 더했습니다. 그러면 패치가 많은 이미지일수록 로짓이 커집니다.",
        ),
        (
            norm(patches).amax(dim=1),
            "The result is the largest of the patches at each place, not their mean.",
            "결과가 패치의 평균이 아니라 자리마다 가장 큰 값입니다.",
        ),
    )


def between(old, new):
    """Weights of linear interpolation that keeps both ends: (new, old)."""
    place = torch.arange(new) * (old - 1) / (new - 1)  # (new,)
    return (1 - (place[:, None] - torch.arange(old)).abs()).clamp(min=0)


def resized(pos, old, new):
    """Known mistakes in resizing."""
    (h, w), N, total = old, pos.shape[1] - 1, new[0] * new[1]
    rows = pos.transpose(1, 2)  # (1, N + 1, D) -> (1, D, N + 1)

    def finish(grid):
        grid = grid.flatten(2).transpose(1, 2)  # (1, D, h', w') -> (1, N', D)
        return torch.cat((pos[:, :1], grid), dim=1)

    def stretch(shape, size, **how):
        grid = rows[:, :, 1:].unflatten(2, shape)  # (1, D, N) -> (1, D, h, w)
        return F.interpolate(grid, size, **how)

    line = {"mode": "linear", "align_corners": True}
    keep = {"mode": "bilinear", "align_corners": True}
    all_rows = F.interpolate(rows, total + 1, **line).mT  # (1, N' + 1, D)
    swapped = stretch((w, h), new, **keep)
    other = stretch((w, h), new[::-1], **keep)
    turned = stretch((h, w), new, **keep).mT  # (1, D, w', h')
    return (
        (
            all_rows,
            "All rows are stretched as one line, the class row with them.",
            "클래스 토큰의 행까지 모든 행을 한 줄로 이어 늘였습니다.",
        ),
        (
            finish(stretch((1, N), (1, total), **keep)),
            "The patches are stretched as one line. Then the end of a row runs into "
            "the beginning of the next.",
            "패치를 한 줄로 이어 늘였습니다. 그러면 한 행의 끝이 다음 행의 처음과 "
            "섞입니다.",
        ),
        *(
            (
                finish(wrong),
                "Height and width of the old grid are exchanged: neighbors come from "
                "different rows.",
                "원래 격자의 높이와 너비가 바뀌었습니다. 그래서 이웃이 아닌 자리끼리 "
                "이웃이 되었습니다.",
            )
            for wrong in (swapped, other)
        ),
        (
            finish(turned),
            "The new grid is written column by column. In which order are patches "
            "read?",
            "새 격자를 열마다 차례로 적었습니다. 패치는 어떤 순서로 읽나요?",
        ),
        (
            finish(stretch((h, w), new, mode="bilinear")),
            "The corners of the new grid do not have the vectors of the old corners. "
            "Where does `F.interpolate` put the ends of an axis?",
            "새 격자의 모서리에 원래 모서리의 벡터가 있지 않습니다. `F.interpolate`는 "
            "축의 양 끝을 어디에 놓나요?",
        ),
        (
            finish(stretch((h, w), new, mode="nearest")),
            "Each new place copies one old place; nothing is interpolated.",
            "새 자리마다 원래 자리 하나를 베꼈습니다. 보간한 것이 없습니다.",
        ),
        (
            finish(stretch((h, w), new, mode="bicubic", align_corners=True)),
            "The grid is interpolated with curves; the task asks for straight lines.",
            "격자를 곡선으로 보간했습니다. 문제에서는 직선으로 보간합니다.",
        ),
    )


def embedded(patches, cls_token, pos, keep):
    """Known mistakes in the embedding."""
    B, n = len(patches), len(keep)
    kept, cls_token = patches[:, keep], cls_token.expand(B, 1, -1)
    first, places = cls_token + pos[:, :1], pos[:, 1 + keep]
    second = first.clone()
    second[1:] -= cls_token[1:]
    rising = keep.sort()[0]
    return (
        (
            torch.cat((cls_token, kept), dim=1) + pos[:, : n + 1],
            "The tokens that are left got the first rows of `pos`. A position says "
            "where a patch was in the image, not where it stands in the sequence.",
            "남은 토큰에 `pos`의 처음 몇 행을 더했습니다. 위치는 패치가 이미지에서 "
            "어디에 있었는지를 나타냅니다. 시퀀스에서 몇 번째인지가 아닙니다.",
        ),
        (
            torch.cat((first, kept + pos[:, keep]), dim=1),
            "Every patch has the position of the patch before it. Whose is row 0?",
            "패치마다 바로 앞 패치의 위치를 더했습니다. 0번 행은 누구의 것인가요?",
        ),
        (
            torch.cat((cls_token, kept + places), dim=1),
            "The class token has no position: the positions were added before it was "
            "put in front.",
            "클래스 토큰에 위치가 없습니다. 앞에 붙이기 전에 위치를 더한 것입니다.",
        ),
        (
            torch.cat((kept + places, first), dim=1),
            "The class token stands at the end. The head reads index 0.",
            "클래스 토큰이 맨 끝에 있습니다. 분류 헤드는 인덱스 0을 읽습니다.",
        ),
        (
            torch.cat((first, kept + pos[:, 1:2]), dim=1),
            "All patches have the same position, so their order is lost.",
            "모든 패치의 위치가 같습니다. 그래서 순서가 사라집니다.",
        ),
        (
            torch.cat((cls_token, kept), dim=1),
            "No positions were added.",
            "위치를 더하지 않았습니다.",
        ),
        (
            torch.cat((second, kept + places), dim=1),
            "Image 0 has the class token, the others have zeros in its place.",
            "0번 이미지에만 클래스 토큰이 있고, 나머지 이미지에는 그 자리에 0이 "
            "있습니다.",
        ),
        (
            torch.cat((first, patches[:, rising] + pos[:, 1 + rising]), dim=1),
            "The right patches with the right positions, but not in the order of "
            "`keep`.",
            "패치와 위치는 맞지만 `keep`의 순서대로 놓이지 않았습니다.",
        ),
    )
