"""Names the classes of operations as people write them in both languages."""

from engine.model import OperationClass

CLASSES: dict[str, OperationClass] = {
    **dict.fromkeys(("rollback", "roll back", "roll-back", "revert", "回滚", "回退"), "rollback"),
    **dict.fromkeys(("restart", "reboot", "重启"), "restart"),
    **dict.fromkeys(("scale up", "scale down", "scale", "扩缩容", "扩容", "缩容"), "scale"),
    **dict.fromkeys(("rate limiting", "rate limit", "rate_limit", "throttle", "限流"), "rate_limit"),
    **dict.fromkeys(("degrade", "降级", "熔断"), "degrade"),
    **dict.fromkeys(("configure", "configuration", "改配置", "修改配置", "配置"), "configure"),
    **dict.fromkeys(("restore", "恢复检查点", "恢复"), "restore"),
}
CHINESE = tuple(word for word in CLASSES if not word.isascii())


def class_of(text: str) -> tuple[OperationClass | None, str]:
    """The class a text begins with, and what follows; None where it begins with none."""
    lower = text.casefold()
    for word in sorted(CLASSES, key=len, reverse=True):
        after = lower[len(word) : len(word) + 1]
        if lower.startswith(word) and not (word.isascii() and (after.isalnum() or after in ("_", "-")) and after):
            return CLASSES[word], text[len(word) :].strip()
    return None, text
