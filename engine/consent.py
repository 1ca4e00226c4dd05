"""Reads what people type: the exact word that consents, what only sounds like it, and what they forbid.

Consent is read as narrowly as possible, because a mistake changes production. A constraint is read more widely, because
a mistake there costs one press of "lift"; yet a question, a quotation or a report of somebody else's words is none.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from engine.model import OperationClass, Value

WORD = "CONFIRM_EXECUTE"
MAX_READ = 2_000

Doubt = Literal["missing", "quoted", "lookalike", "lower_case", "more", "not_the_word"]
Held = OperationClass | Literal["all"]

_PUNCTUATION = "[。.,，;；!！]"
_GRAMMAR = re.compile(
    r"(?:批准|approve) +(?P<approval>approval_[0-9a-f]{8}|[0-9]{6}) +"
    rf"{WORD}{_PUNCTUATION}?(?P<dry_run> *先 dry-run|(?:(?<={_PUNCTUATION}) *| +)dry-run first)?{_PUNCTUATION}?"
)
_APPROVAL = re.compile(r"approval_[0-9a-f]{8}")
_AFTER_MENTION = re.compile(r"[ \u00a0\u2005]+")

_HOMOGLYPHS = str.maketrans(
    {"С": "C", "О": "O", "Ν": "N", "Ο": "O", "Ғ": "F", "І": "I", "Ι": "I", "М": "M", "Μ": "M", "Е": "E", "Ε": "E"}
    | {"Х": "X", "Χ": "X", "Т": "T", "Τ": "T", "Ս": "U", "с": "c", "о": "o", "ο": "o", "і": "i", "ι": "i", "е": "e"}
    | {"х": "x", "χ": "x", "‿": "_", "ˍ": "_"}
)
_ASSENT = re.compile(
    r"(?:i )?(?:confirm|approve)(?:ed|d)?(?: it)?|go ahead|do it|lgtm|execute|run it"
    r"|(?:我|已)?(?:确认|批准|同意)|(?:可以|确认)?执行吧?|通过"
)


class Typed(Value):
    """A message that consents, read exactly: to which approval, and whether the dry-run is wanted once more first."""

    approval: str
    dry_run_first: bool = False


def without_mention(text: str, bot_names: Sequence[str]) -> str:
    """The message without one leading mention of the bot and without ASCII spaces around it."""
    text = text.strip(" ")
    for name in sorted(bot_names, key=len, reverse=True):
        for mention in (f"@{name}", name):
            gap = _AFTER_MENTION.match(text, len(mention)) if name and text.startswith(mention) else None
            if gap:
                return text[gap.end() :].strip(" ")
    return text


def parse_typed(text: str, bot_names: Sequence[str] = ()) -> Typed | None:
    """Read a consent typed as text: the whole message follows the grammar to the letter, or it is none.

    Six digits in the approval's place are a one-time code (platforms where ids are too long to type)."""
    found = _GRAMMAR.fullmatch(without_mention(text, bot_names))
    return Typed(approval=found["approval"], dry_run_first=found["dry_run"] is not None) if found else None


def word_ok(field: str) -> bool:
    """Whether a form's field holds exactly the word, spaces around it aside."""
    return field.strip(" ") == WORD


def sounds_like_consent(text: str, bot_names: Sequence[str] = ()) -> bool:
    """Whether a message means to consent but may not count: it then deserves a clear word instead of silence."""
    said = _skeleton(without_mention(text, bot_names)).strip(" \n。.!！")
    return (
        WORD.casefold() in said or bool(_ASSENT.fullmatch(said)) or bool(re.match(r"(批准|approve)\s+approval_", said))
    )


def approval_in(text: str) -> str:
    """The approval id a message names, "" where it names none or several."""
    found = set(_APPROVAL.findall(text))
    return found.pop() if len(found) == 1 else ""


def doubt(typed: str, quoted: str = "") -> Doubt:
    """What is wrong with something typed in place of the word (which it is not)."""
    word = WORD.casefold()
    if word in _skeleton(typed):
        hidden = any(unicodedata.category(letter) in ("Cf", "Mn") for letter in typed)
        if WORD in typed:
            return "lookalike" if hidden else "more"
        return "lower_case" if word in typed.casefold() and typed.isprintable() else "lookalike"
    if word in _skeleton(quoted):
        return "quoted"
    return "not_the_word" if typed.strip() else "missing"


def _skeleton(text: str) -> str:
    """The text as an eye sees it: width, case, invisible and look-alike letters do not count. For detection alone."""
    wide = unicodedata.normalize("NFKC", text)
    seen = "".join(letter for letter in wide if unicodedata.category(letter) not in ("Cf", "Mn"))
    return seen.translate(_HOMOGLYPHS).casefold()


# --- constraints -----------------------------------------------------------------------------------------------------

_ZH_CLASSES = (
    r"(?P<rollback>回滚|回退)|(?P<restart>重启)|(?P<scale>扩缩容|扩容|缩容|扩缩)|(?P<rate_limit>限流|调整?限流)|(?P<degrade>降级|熔断)"
    r"|(?P<configure>(?:修?改|动|调整)配置)|(?P<restore>恢复(?:检查点|状态|快照))"
    r"|(?P<all>(?:做|执行)?任何(?:操作|变更|改动|动作)|(?:做|执行)(?:操作|变更|改动|动作)|操作|变更|动手|乱动|动它|动生产|动(?=$|[线任了]))"
)
_ZH = re.compile(
    r"^(?:请|先|大家|麻烦|务必|千万|暂时|目前|现在|我们|咱们|都|注意|好的?|但是?|还是|我建议|建议|我觉得|最好|也|并且|而且|\s)*"
    r"(?:不要|别|勿|禁止|不准|不许|不能|不得|不可以?|暂不|暂停|停止)"
    r"(?:再|急着|马上|立刻|立即|直接|现在|先|随便|擅自|自动|给我|进行|去|\s|对\s*\S{1,40}?\s*(?=回|重|做|执|限|降|扩))*"
    rf"(?:{_ZH_CLASSES})"
)
_ZH_MORE = re.compile(rf"\s*(?:和|与|及|以及|或者?|还有|、)\s*(?:{_ZH_CLASSES})")

_EN_CLASSES = (
    r"(?P<rollback>roll(?:ing)?[ -]?backs?|revert(?:ing)?)|(?P<restart>restart(?:s|ing)?|reboot(?:ing)?)"
    r"|(?P<scale>scal(?:e|ing)(?: up| down| out| in)?)|(?P<rate_limit>(?:rate[ -]?limit(?:ing)?|throttl(?:e|ing)))"
    r"|(?P<degrade>degrad(?:e|ing)|disabl(?:e|ing))"
    r"|(?P<configure>(?:chang(?:e|ing)|touch(?:ing)?|edit(?:ing)?) (?:the |any )?(?:config\w*|settings?))"
    r"|(?P<restore>restor(?:e|ing))"
    r"|(?P<all>(?:touch|change|do|execute|run|modify)(?:ing)? (?:anything|any ?thing|prod\w*|any changes?)"
    r"|(?:make|making) (?:any )?changes?|act(?: on)?\b|(?:execute|proceed)$)"
)
_EN = re.compile(
    r"^(?:please|pls|all|everyone|team|ok|okay|but|and|so|also|for now|right now|first|let'?s"
    r"|we (?:should|must|will|do)"
    r"|(?:i|we)(?:'d| would) (?:rather|prefer)(?: that)?(?: we)?|i suggest(?: we)?|you (?:must|should|may)|must|,|\s)*"
    r"(?:do not|don'?t|never|not|must not|should not|shouldn'?t|mustn'?t|can(?:not|'t)|hold(?: off)?(?: on)?"
    r"|stop|avoid|refrain from|no(?=\s+(?:more\s+)?\S+(?:\s+(?:please|yet|now|until.*|for now|tonight|today))?$))\s+"
    rf"(?:(?:yet|ever|just|now|please|any|more|automatically|the)\s+)*(?:{_EN_CLASSES})\b",
    re.IGNORECASE,
)
_EN_MORE = re.compile(rf"\s*(?:it\s+|\S+\s+)?(?:or|nor|and)\s+(?:{_EN_CLASSES})\b", re.IGNORECASE)
_HANDS_OFF = re.compile(
    r"^(?:please\s+)?(?:hands off|change freeze|freeze all changes|no changes|只读|只看不动)\b", re.IGNORECASE
)

_QUOTED = re.compile(
    r"“[^”]*”|「[^」]*」|『[^』]*』|\"[^\"]*\"|《[^》]*》|(?<!\w)'[^']*'(?!\w)|`[^`]*`|^[>＞].*$", re.MULTILINE
)
_TAG = re.compile(r"[,，]\s*(?:好吗|好不好|可以吗|行吗|行不行|ok|okay|right|please)\s*[?？]", re.IGNORECASE)
_QUESTION = re.compile(
    r"[?？]\s*$|(?:吗|呢|么)[。.!！\s]*$|^\s*(?:为什么|为何|为啥|凭什么|怎么|谁|是否|是不是|要不要|能不能)|"
    r"^\s*(?:why|who|when|how|what|should|shall|do we|did|does|is|are|can|could|would|won't)\b",
    re.IGNORECASE,
)


def parse_constraint(text: str, bot_names: Sequence[str] = ()) -> Held | None:
    """What a message forbids: a class of operations, "all", or None. Several classes at once are held as "all".

    Permission is never read out of words: lifting needs a button or a command."""
    straight = re.sub(r"(?<=\w)[’＇](?=\w)", "'", without_mention(text[:MAX_READ], bot_names))
    said = _TAG.sub("。", _QUOTED.sub(" “” ", straight))
    found: set[Held] = set()
    for sentence in re.findall(r"[^。.!！?？;；\n]+[?？]?", said):
        if not _QUESTION.search(sentence):
            for clause in _CLAUSES.split(sentence):
                found |= _forbidden(clause.strip())
    if not found:
        return None
    return found.pop() if len(found) == 1 else "all"


def _forbidden(clause: str) -> set[Held]:
    if _HANDS_OFF.match(clause):
        return {"all"}
    for first, more in ((_ZH, _ZH_MORE), (_EN, _EN_MORE)):
        if match := first.match(clause):
            found = {_held(match)}
            while match := more.match(clause, match.end()):
                found.add(_held(match))
            return found
    return set()


def _held(match: re.Match[str]) -> Held:
    return next(held for held in _HELD if match[held])


_CLAUSES = re.compile(r"[,，:：]|\bbut\b|(?=也(?:不|别))|但是?|\band (?=do|don|never|no\b|please)")
_HELD: tuple[Held, ...] = ("rollback", "restart", "scale", "rate_limit", "degrade", "configure", "restore", "all")
