"""LiveRec, the peer that the ranker has to beat: attention over a viewer's visits and over what is live.

Rappaz, McAuley and Aberer, "Recommendation on Live-Streaming Platforms: Dynamic Availability and Repeat Consumption",
RecSys 2021. Trained with a softmax over all that was live, which is stronger than the paper's one drawn negative.
"""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ranking.metrics import ndcg
from ranking.questions import Question
from ranking.trial import Trial

HOUR = 3600.0
GAPS = np.array([0.5, 1, 2, 4, 8, 16, 23, 25, 33, 47, 49, 72, 96, 168, 336, 672]) * HOUR
"""Bounds of the time since a channel was last watched; whole days have buckets of their own."""
WIDTH, LENGTH, HEADS, LAYERS, DROPOUT = 64, 50, 2, 2, 0.3
ATTENDED, ATTENDED_LAYERS, ATTENDED_HEADS = 64, 2, 4
EPOCHS, PATIENCE, BATCH, DECAY, HELD_BACK = 60, 3, 16, 0.01, 0.05
STAGES = {"visits": 1e-3, "what is live": 5e-4}
"""Learning rates: first without the attention over what is live, which costs most of the time, then with it."""
UNSEEN = -1e9

Ints = NDArray[np.int64]


class Visited(msgspec.Struct, frozen=True):
    """Up to `LENGTH` visits of a viewer and, for each, what came next: candidates [C], gap buckets [C], place, hour."""

    items: Ints
    candidates: list[Ints]
    buckets: list[Ints]
    chosen: Ints
    hours: Ints
    at: NDArray[np.float64]


class Net(nn.Module):
    """Scores candidates [B, L, C] from the visits before them."""

    def __init__(self, items: int) -> None:
        super().__init__()
        self.padding = items
        self.item = nn.Embedding(items + 1, WIDTH, padding_idx=items)
        self.bias = nn.Embedding(items + 1, 1, padding_idx=items)
        self.place, self.hour = nn.Embedding(LENGTH, WIDTH), nn.Embedding(24, WIDTH)
        self.gap, self.gap_bias = nn.Embedding(len(GAPS) + 2, WIDTH), nn.Embedding(len(GAPS) + 2, 1)
        self.drop = nn.Dropout(DROPOUT)
        self.attends = False
        """Whether what else is live counts."""
        self.visits = _attention(HEADS, LAYERS, DROPOUT)
        self.available = _attention(ATTENDED_HEADS, ATTENDED_LAYERS, 0.2)
        for table in (self.item, self.place, self.hour, self.gap):
            nn.init.normal_(table.weight, std=0.02)
        for table in (self.bias, self.gap_bias, self.available.norm):
            nn.init.zeros_(table.weight)

    def forward(self, items: Tensor, hours: Tensor, candidates: Tensor, buckets: Tensor) -> Tensor:
        length = items.shape[1]
        causal = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        told = self.item(items) * WIDTH**0.5 + self.place(torch.arange(length)) + self.hour(hours)
        viewer = self.visits(self.drop(told), mask=causal)
        scores = torch.gather(viewer @ self.item.weight.T + self.bias.weight[:, 0], -1, candidates)
        scores = scores + torch.gather(viewer @ self.gap.weight.T + self.gap_bias.weight[:, 0], -1, buckets)
        scores = scores.masked_fill(candidates == self.padding, UNSEEN)
        if not self.attends:
            return scores
        best = scores.topk(min(ATTENDED, scores.shape[-1]), dim=-1).indices
        return scores.scatter_add(
            -1, best, self._in_company(viewer, candidates.gather(-1, best), buckets.gather(-1, best))
        )

    def _in_company(self, viewer: Tensor, candidates: Tensor, buckets: Tensor) -> Tensor:
        """What the best candidates gain or lose by what else is available."""
        chosen = self.item(candidates) + self.gap(buckets)
        seen = candidates == self.padding
        real = ~seen.all(-1)
        together = torch.zeros_like(chosen)
        together[real] = self.available(chosen[real], src_key_padding_mask=seen[real])
        return (together @ viewer[..., None])[..., 0].masked_fill(seen, 0.0)


def _attention(heads: int, layers: int, dropout: float) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(
        WIDTH, heads, 2 * WIDTH, dropout, activation="gelu", batch_first=True, norm_first=True
    )
    return nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(WIDTH), enable_nested_tensor=False)


class LiveRec:
    """Trained on everything before the test period; the last twentieth of it says when to stop."""

    name = "LiveRec"

    def __init__(self, trial: Trial, told: Callable[[str, int, int], None]) -> None:
        torch.manual_seed(trial.seed)
        torch.set_num_threads(trial.threads)
        self._history = trial.history
        watches, channel = trial.history.watches, trial.history.watched_creator
        self._order = np.argsort(watches.user, kind="stable")
        self._bounds = np.searchsorted(watches.user[self._order], np.arange(len(trial.history.users) + 1))
        self._channel = channel.astype(np.int64)
        self.net = Net(len(trial.history.creators))
        windows = list(self._windows(trial, told))
        self._fit(windows, told, np.random.default_rng(trial.seed))

    def score(self, question: Question) -> NDArray[np.float64]:
        """The score of each live stream, shape [n]; zeros for who has never watched."""
        at = question.scene.at
        mine = self._before(question.user, at)
        if not len(mine):
            return np.zeros(len(question.creators))
        start = self._history.watches.start[mine]
        hours = np.append(_hour(start[1:]), _hour(np.array([at])))
        candidates = question.creators.astype(np.int64)
        last = np.full(self.net.padding, -np.inf)
        everything = self._before(question.user, at, everything=True)
        last[self._channel[everything]] = self._history.watches.start[everything]
        with torch.no_grad():
            width = (1, len(mine), len(candidates))
            shown = torch.from_numpy(np.broadcast_to(candidates, width).copy())
            gaps = torch.from_numpy(np.broadcast_to(_bucket(at - last[candidates]), width).copy())
            items = torch.from_numpy(self._channel[mine][None])
            scores = self.net(items, torch.from_numpy(hours[None]), shown, gaps)[0, -1]
        return np.asarray(scores.numpy(), np.float64)

    def _before(self, user: int, at: float, *, everything: bool = False) -> NDArray[np.intp]:
        mine = self._order[self._bounds[user] : self._bounds[user + 1]]
        upto = int(np.searchsorted(self._history.watches.start[mine], at, "left"))
        return mine[:upto] if everything else mine[max(0, upto - LENGTH) : upto]

    def _windows(self, trial: Trial, told: Callable[[str, int, int], None]) -> Iterator[Visited]:
        """Every visit before the test as what follows the one before it, with what was live then."""
        watches, offers = self._history.watches, trial.offers()
        upto = int(np.searchsorted(watches.start, trial.plan.test.since, "left"))
        live: list[Ints] = []
        for visit in range(upto):
            if visit % 1000 == 0:
                told("LiveRec: what was live", visit, upto)
            seen = offers.at(float(watches.start[visit]), int(watches.user[visit])).creators
            live.append(np.union1d(seen, self._channel[visit]).astype(np.int64))
        last = np.full(self.net.padding, -np.inf)
        for user in range(len(self._bounds) - 1):
            mine = self._order[self._bounds[user] : self._bounds[user + 1]]
            mine = mine[mine < upto]
            last[:] = -np.inf
            for first in range(0, len(mine) - 1, LENGTH):
                now, following = mine[first : first + LENGTH], mine[first + 1 : first + LENGTH + 1]
                now = now[: len(following)]
                buckets = []
                for visit, target in zip(now.tolist(), following.tolist(), strict=True):
                    last[self._channel[visit]] = watches.start[visit]
                    buckets.append(_bucket(watches.start[target] - last[live[target]]))
                yield Visited(
                    self._channel[now],
                    [live[target] for target in following.tolist()],
                    buckets,
                    np.array([np.searchsorted(live[t], self._channel[t]) for t in following.tolist()]),
                    _hour(watches.start[following]),
                    watches.start[following],
                )

    def _fit(self, windows: list[Visited], told: Callable[[str, int, int], None], draw: np.random.Generator) -> None:
        held = float(np.quantile(np.concatenate([window.at for window in windows]), 1 - HELD_BACK))
        late = [window for window in windows if window.at[-1] >= held]
        best, kept = 0.0, self._kept()
        for stage, rate in STAGES.items():
            self.net.attends = stage == "what is live"
            optimizer = torch.optim.AdamW(self.net.parameters(), lr=rate, weight_decay=DECAY)
            waited = 0
            for epoch in range(EPOCHS):
                told(f"LiveRec: {stage} (best NDCG {best:.3f})", epoch, EPOCHS)
                self._learn(windows, held, optimizer, draw)
                judged = self._judge(late, held)
                waited = 0 if judged > best else waited + 1
                if judged > best:
                    best, kept = judged, self._kept()
                if waited >= PATIENCE:
                    break
            self.net.load_state_dict(kept)
        self.net.eval()

    def _kept(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self.net.state_dict().items()}

    def _learn(
        self, windows: list[Visited], held: float, optimizer: torch.optim.Optimizer, draw: np.random.Generator
    ) -> None:
        """One pass over all visits before `held`."""
        self.net.train()
        for rows in np.array_split(draw.permutation(len(windows)), max(1, len(windows) // BATCH)):
            loss = self._loss([windows[row] for row in rows.tolist()], held)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            optimizer.step()

    def _judge(self, late: list[Visited], held: float) -> float:
        """NDCG@10 of the visits from `held` on."""
        self.net.eval()
        places = []
        with torch.no_grad():
            for row in range(0, len(late), BATCH):
                scores, chosen = self._scores(late[row : row + BATCH], held, later=True)
                asked = chosen >= 0
                mine = scores[asked].gather(-1, chosen[asked][:, None])
                places.append((scores[asked] > mine).sum(-1))
        return ndcg(torch.cat(places).numpy().astype(np.int32), 10)

    def _loss(self, windows: list[Visited], held: float) -> Tensor:
        scores, chosen = self._scores(windows, held, later=False)
        return nn.functional.cross_entropy(scores.flatten(0, 1), chosen.flatten(), ignore_index=-1)

    def _scores(self, windows: list[Visited], held: float, *, later: bool) -> tuple[Tensor, Tensor]:
        """Scores [B, L, C], and which was chosen [B, L]: -1 but for the visits `later` than `held` or before it."""
        length = max(len(window.items) for window in windows)
        width = max(len(row) for window in windows for row in window.candidates)
        items = np.full((len(windows), length), self.net.padding)
        hours = np.zeros((len(windows), length), np.int64)
        chosen = np.full((len(windows), length), -1)
        candidates = np.full((len(windows), length, width), self.net.padding)
        buckets = np.zeros((len(windows), length, width), np.int64)
        for row, window in enumerate(windows):
            count = len(window.items)
            items[row, :count], hours[row, :count] = window.items, window.hours
            chosen[row, :count] = np.where((window.at >= held) == later, window.chosen, -1)
            for place in range(count):
                wide = len(window.candidates[place])
                candidates[row, place, :wide] = window.candidates[place]
                buckets[row, place, :wide] = window.buckets[place]
        scores = self.net(*(torch.from_numpy(part) for part in (items, hours, candidates, buckets)))
        return scores, torch.from_numpy(chosen)


def _bucket(gap: NDArray[np.float64]) -> Ints:
    """0 where a channel was never watched, else which of the `GAPS` the time since then (s) falls between."""
    return np.where(np.isfinite(gap), np.searchsorted(GAPS, gap) + 1, 0).astype(np.int64)


def _hour(at: NDArray[np.float64]) -> Ints:
    return (at % 86400 // HOUR).astype(np.int64)
