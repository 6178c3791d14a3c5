"""What has to be told apart or counted over the whole text: the k-th of several alike, and the most frequent words.

After MRCR (OpenAI, 2025) and RULER's common words (Hsieh et al., 2024), in words of its own; the replies of `kth` are
pieces of public-domain novels (`kth_pieces`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, cycle

from nihbench.errors import UsageError
from nihbench.lang.messages import Note, t
from nihbench.tasks import words
from nihbench.tasks.family import Answer, Axis, Draw, Grade, Insert, Item, Planted
from nihbench.tasks.kth_pieces import PIECES
from nihbench.tasks.planting import CONDITIONS, TURNS, Cast, Shared, depths_from, whole_row
from nihbench.text.turns import exchange

_NOTE = {"en": "a note about the {0}", "zh": "关于{0}的短文"}
_PIECE = {"en": "a piece to read out at the {0}", "zh": "可以在{0}朗读的文字"}
_REPLY = {
    "en": "Somebody wanted {0}. The reply was: “{1}”",
    "zh": "有人想要一段{0}。答复是：“{1}”",
}
_WISH = {
    "note": {"en": "Please write me {0}.", "zh": "请给我写一段{0}。"},
    "piece": {"en": "Please give me {0}.", "zh": "请给我一段{0}。"},
}
_SENTENCES = {
    "en": (
        "The {0} stands {2} steps from the {1}.",
        "In the year {2} the {0} was larger than the {1}.",
        "Between the {0} and the {1} there are {2} trees.",
        "From the {1} one sees the {0} on {2} days.",
        "The {0} and the {1} cost {2} crowns together.",
        "A year later {2} letters went from the {0} to the {1}.",
    ),
    "zh": (
        "{0}离{1}有 {2} 步。",
        "在 {2} 年，{0}比{1}还要大。",
        "{0}和{1}之间有 {2} 棵树。",
        "从{1}望去，有 {2} 天看得见{0}。",
        "{0}和{1}一共花了 {2} 克朗。",
        "一年以后，有 {2} 封信从{0}寄到了{1}。",
    ),
}
_COPY = {
    "en": "The text has {1} replies to the wish for {0}. First write {3}, then copy reply number {2} of "
    "these, counted from the beginning, word for word and without its quotation marks. Write nothing else.",
    "zh": "文中有 {1} 段答复，都是应人要求给出的{0}。请先写 {3}，然后逐字抄写其中从头数起的第 {2} 段，不带引号，不要写"
    "别的。",
}
_COPY_TURN = {
    "en": "In this chat I have asked you {1} times for {0}. First write {3}, then copy your answer "
    "number {2} of these, counted from the beginning of the chat, word for word. Write nothing else.",
    "zh": "在这次对话中，我 {1} 次请你给我一段{0}。请先写 {3}，然后逐字抄写你的这些答复中从头数起的第 {2} 段，"
    "不要写别的。",
}
_VOTE = {"en": "Ballot {1} is for {0}.", "zh": "第{1}号选票投给{0}。"}
_MOST = {
    "en": (
        "Which word got the most votes? Answer with the word alone.",
        "Which {0} words got the most votes? Answer with the words alone, separated by commas.",
    ),
    "zh": ("得票最多的词是哪个？只回答这个词。", "得票最多的 {0} 个词是哪些？只回答这些词，用逗号分隔。"),
}
_VOTES, _FEWER = 6, 3
KINDS = ("common", "frequent")
"""How a list's votes are spread: evenly over the words that are asked for, all others once; or unevenly over all."""
_RANKS = (48, 24, 12, 6)
"""Of a hundred votes so many go to the first words, where they are spread unevenly: each half as many as the last."""
_OTHERS = 10


REPLIES = ("pieces", "made")
"""What replies are: pieces of public-domain novels, or sentences that are drawn."""


class _Replies(Cast):
    """Which pieces of a language's novels replies are, by number: of all pieces half may stand in inserts.

    The first ones, `alike`, are those to be told apart: none of them comes again. Others begin anew when all were used.
    """

    def __init__(self, draw: Draw, purpose: str, *, beside: Cast, alike: int) -> None:
        super().__init__(draw, purpose, beside=beside)
        half = range(0, len(PIECES["en"]), 2)
        order = draw.stream("pieces").sample(half, len(half))
        self._pieces = chain(order[:alike], cycle(order[alike:]))

    def piece(self) -> int:
        """Return the next piece."""
        return next(self._pieces)

    @staticmethod
    def of_filler(cast: Cast) -> int:
        """Draw a piece that stands in no insert."""
        return 2 * cast.random.randrange(len(PIECES["en"]) // 2) + 1


class Kth(Shared):
    """The same wish, met several times with other texts: copy the k-th of them, behind a code."""

    name = "kth"
    version = "1"
    title = Note("task_kth")
    axis = Axis(name="alike", title=Note("task_kth_axis"), values=(2, 4, 8))
    options = {**CONDITIONS, "replies": REPLIES[0]}
    later = {"turns": TURNS[0]}

    def does(self, row: float) -> Note:
        """Say of how many."""
        return Note("does_kth", count=int(row))

    def plant(self, draw: Draw) -> Planted:
        """Draw all replies and which one is asked for."""
        count, cast, place = whole_row(self.axis, draw, most=32, least=2), Cast(draw), draw.stream("places")
        thing, several = words.thing(cast.thing(), self.language), _Replies(draw, "replies", beside=cast, alike=count)
        depths = depths_from(place.uniform(0, 100), count + self.asked_distractors(draw), place)
        replies = [self._text(several) for _ in range(count)]
        which, code = cast.random.randrange(count), cast.code(6)
        inserts = [
            Insert(
                text=self._told(thing, reply),
                depth_percent=at,
                role="needle" if number == which else "alike",
                value=reply,
            )
            for number, (reply, at) in enumerate(zip(replies, sorted(depths[:count]), strict=True))
        ]
        return self.finished(
            draw,
            several,
            inserts,
            depths[count:],
            question=(_COPY_TURN if self.turned else _COPY)[self.language].format(
                self._wanted(thing), count, which + 1, code
            ),
            items=[Item(name="copy", text=replies[which])],
            expected=f"{code} {replies[which]}",
            names={"code": code},
        )

    @property
    def _drawn(self) -> bool:
        # Runs from before there were pieces have no such option.
        replies = self.chosen.get("replies", REPLIES[1])
        if replies not in REPLIES:
            raise UsageError(t("tasks.no_choice", name="replies", value=replies, known=REPLIES))
        return replies == REPLIES[1]

    def _text(self, cast: Cast) -> str:
        """Draw a piece of a novel, or a note of three sentences."""
        if not self._drawn:
            return PIECES[self.language][cast.piece() if isinstance(cast, _Replies) else _Replies.of_filler(cast)]
        sentences, several = _SENTENCES[self.language], []
        for at in cast.random.sample(range(len(sentences)), 3):
            things = (words.thing(cast.thing(), self.language) for _ in range(2))
            several.append(sentences[at].format(*things, cast.random.randrange(100, 1000)))
        return self._joined(several)

    def other(self, cast: Cast) -> tuple[str, str]:
        """Return a note about something else."""
        thing, reply = words.thing(cast.thing(), self.language), self._text(cast)
        return self._told(thing, reply), reply

    def _told(self, thing: str, reply: str) -> str:
        """Return a wish and its reply: a sentence about both, or two turns."""
        wanted = self._wanted(thing)
        if self.turned:
            return exchange(_WISH["note" if self._drawn else "piece"][self.language].format(wanted), reply)
        return _REPLY[self.language].format(wanted, reply)

    def _wanted(self, thing: str) -> str:
        """Return what is wished for."""
        return (_NOTE if self._drawn else _PIECE)[self.language].format(thing)

    def grade(self, planted: Planted, answer: Answer) -> Grade:
        """Grade by how like the copy is, 0 without the code before it."""
        from nihbench.tasks.grading import grade_copy  # who only plans loads no scorer

        code = planted.fresh.get("code", "")
        return grade_copy(planted, self.key(planted), answer.text, answer.finish_reason, code=code)


class Words(Shared):
    """Votes for words: which got the most? No needle: the whole list counts."""

    name = "words"
    version = "1"
    title = Note("task_words")
    axis = Axis(name="words", title=Note("task_words_axis"), values=(1, 2, 4, 8))
    options = {"runners-up": "4"}
    later = {"kind": KINDS[0]}
    metric = "f1"
    characters = {"en": 4, "zh": 3}

    def does(self, row: float) -> Note:
        """Say how many words."""
        return Note("does_words", count=int(row))

    def plant(self, draw: Draw) -> Planted:
        """Draw the words that are named often, those that are named less often, and the others, once each."""
        most = len(_RANKS) if self._is_uneven else 32
        count, cast, place = whole_row(self.axis, draw, most=most), Cast(draw), draw.stream("places")
        fewer = 0 if self._is_uneven else self.whole("runners-up", least=0, most=32)
        named = [cast.word() for _ in range(most if self._is_uneven else count)][:count]
        runners = Cast(draw, "runners", beside=cast)
        votes = [(word, "needle") for word in named for _ in range(_VOTES)]
        votes += [(word, "distractor") for word in [runners.word() for _ in range(fewer)] for _ in range(_FEWER)]
        depths = depths_from(place.uniform(0, 100), len(votes), place)
        inserts = tuple(
            Insert(text=_VOTE[self.language].format(word, runners.number(6)), depth_percent=at, role=role, value=word)
            for (word, role), at in zip(votes, depths, strict=True)
        )
        return Planted(
            inserts=inserts,
            question=_MOST[self.language][count > 1].format(count),
            items=tuple(Item(name=str(at), text=word) for at, word in enumerate(named, 1)),
            expected=", ".join(named),
            fresh=self.drawn(draw),
            haystack=self.filling("needles", draw),
            apart=True,
        )

    @property
    def _is_uneven(self) -> bool:
        kind = self.chosen["kind"]
        if kind not in KINDS:
            raise UsageError(t("tasks.no_choice", name="kind", value=kind, known=KINDS))
        return kind == "frequent"

    def fillers(self, draw: Draw, known: Planted | None = None) -> Iterator[tuple[str, str]]:
        """Give votes: equally many of all words, or as natural text has them."""
        return self._uneven(draw) if self._is_uneven else super().fillers(draw, known)

    def _uneven(self, draw: Draw) -> Iterator[tuple[str, str]]:
        """Give votes hundred by hundred, each word's spread over it: a stretch has them in nearly the same shares."""
        cast, made, characters = Cast(draw), 0, self.size(draw)
        ranks, others = [cast.word() for _ in _RANKS], Cast(draw, "others", beside=cast)
        shares = [*zip(ranks, _RANKS, strict=True), *((others.word(), 1) for _ in range(_OTHERS))]
        random, numbers = draw.stream("votes"), Cast(draw, "filler", filler=True)
        while made < characters:
            places = [((at + random.random()) / votes, word) for word, votes in shares for at in range(votes)]
            for _, word in sorted(places):
                text = _VOTE[self.language].format(word, numbers.number(6))
                made += len(text) + 1
                yield text, word

    def other(self, cast: Cast) -> tuple[str, str]:
        """Return a vote for a word that gets no other."""
        word = cast.word()
        return _VOTE[self.language].format(word, cast.number(6)), word
