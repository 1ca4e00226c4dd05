"""Lists the kinds of errors whose mending is known, by what runtimes, drivers and libraries print.

To teach Tocsin another one, add a `Family` and its words below `code_advice` in the language files.
"""

import re
from typing import Literal, NamedTuple

Size = Literal["", "one_line", "one_function"]


class Family(NamedTuple):
    """A kind of error. `classes` mean it whatever they say; `told` is how it is said by errors of any class; `mostly`
    are classes that mean it where their message means nothing else. `names` find what it is about. `outside`: the
    code is where such an error surfaces, and seldom its cause. `size`: how much of the code mending it takes at least;
    "" where it may take none. `two_ways`: there is another way than the first."""

    key: str
    told: re.Pattern[str]
    classes: frozenset[str] = frozenset()
    mostly: frozenset[str] = frozenset()
    names: tuple[re.Pattern[str], ...] = ()
    outside: bool = False
    size: Size = ""
    two_ways: bool = False


def _told(*wordings: str) -> re.Pattern[str]:
    return re.compile("|".join(wordings), re.IGNORECASE)


def _set(classes: str) -> frozenset[str]:
    return frozenset(classes.split())


def _names(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


QUOTED = r"['\"`]+(?P<name>[^'\"`]{1,60})['\"`]"

DATABASE: tuple[Family, ...] = (
    Family(
        key="schema",
        told=_told(
            r"\b(?:column|relation) .{1,80} does not exist",
            r"table .{1,80} doesn.t exist",
            r"unknown column|no such (?:table|column)|invalid (?:column|object) name|has no column named",
            r"ORA-009(?:04|42)\b",
        ),
        classes=_set("UndefinedColumn UndefinedTable"),
        names=_names(
            rf"(?:column|relation|table|name) {QUOTED}",
            r"no such (?:table|column): (?P<name>\S{1,60})",
            r"\bcolumn (?P<name>\S{1,60}) does not exist",
            r"no column named (?P<name>\S{1,60})",
        ),
        two_ways=True,
    ),
    Family(
        key="constraint",
        told=_told(
            r"(?:unique|foreign key|not.null|check|integrity) constraint|duplicate (?:key (?:value|error)|entry ')",
            r"column .{1,60} cannot be null|value too long for type|data too long for column",
        ),
        classes=_set(
            "UniqueViolation ForeignKeyViolation NotNullViolation CheckViolation RecordNotUnique DuplicateKeyException"
            " SQLIntegrityConstraintViolationException UniqueConstraintViolationException"
        ),
        mostly=_set("IntegrityError DataIntegrityViolationException"),
        names=_names(
            rf"constraint {QUOTED}",
            rf"(?:for key|column) {QUOTED}",
            r"constraint failed: (?P<name>\S{1,60})",
        ),
        size="one_function",
    ),
    Family(
        key="read_only",
        told=_told(
            r"read.only (?:transaction|replica|option|standby|database)",
            r"READONLY You can.t write|readonly database|NotWritablePrimary|\bnot (?:primary|master)$",
        ),
        classes=_set("ReadOnlySqlTransaction NotWritablePrimary NotPrimaryError"),
        outside=True,
        size="one_function",
    ),
    Family(
        key="contention",
        told=_told(
            r"deadlock (?:detected|found|victim)|was deadlocked|lock wait time ?out|could not serialize access",
            r"database (?:table )?is locked|could not obtain lock|updated or deleted by another transaction",
        ),
        classes=_set(
            "DeadlockLoserDataAccessException CannotAcquireLockException LockAcquisitionException DeadlockDetected"
            " OptimisticLockException StaleObjectStateException StaleObjectError LockNotAvailable Deadlocked"
            " SerializationFailure ObjectOptimisticLockingFailureException DbUpdateConcurrencyException"
        ),
        size="one_function",
    ),
)

LIMITS: tuple[Family, ...] = (
    Family(
        key="exhausted",
        told=_told(
            r"QueuePool limit|\bpool\b(?!\.).{0,60}(?:exhausted|timed out|is full)",
            r"waiting for .{0,20}from pool",
            r"connection is not available, request timed out|from the pool\b",
            r"unable to acquire .{0,30}connection",
            r"too many (?:connections|clients|open files)|\bEMFILE\b|remaining connection slots",
            r"max_user_connections|unable to create (?:new )?native thread|can.t start new thread",
        ),
        classes=_set("RejectedExecutionException"),
        outside=True,
        size="one_function",
    ),
    Family(
        key="limited",
        told=_told(
            r"too many requests|status(?: code)?:? 429\b|(?:quota|rate limit) exceeded|\bResourceExhausted desc\b"
        ),
        classes=_set("TooManyRequests TooManyRequestsException ThrottlingException RateLimitError"),
        names=_names(r"https?://(?P<name>[\w.-]{1,60})"),
        outside=True,
        size="one_function",
    ),
    Family(
        key="memory",
        told=_told(
            r"(?<!possibly )\bout of memory\b|java heap space|GC overhead limit|memory size of \d+ bytes exhausted",
            r"cannot allocate memory|\bENOMEM\b|bad_alloc|unable to allocate \S+ [KMGT]i?B",
        ),
        classes=_set("MemoryError OutOfMemoryException"),
        mostly=_set("OutOfMemoryError"),
        outside=True,
    ),
    Family(
        key="recursion",
        told=_told(
            r"stack overflow|maximum recursion depth|maximum call stack size|stack level too deep",
            r"goroutine stack exceeds|maximum function nesting level",
        ),
        classes=_set("StackOverflowError RecursionError SystemStackError StackOverflowException"),
        size="one_function",
    ),
)

VALUES: tuple[Family, ...] = (
    Family(
        key="concurrent_use",
        told=_told(
            r"concurrent map (?:writes?|read|iteration)|changed size during iteration|collection was modified",
            r"add a new key into hash during iteration",
        ),
        classes=_set("ConcurrentModificationException"),
        size="one_function",
    ),
    Family(
        key="missing_value",
        told=_told(
            r"'NoneType' object|of (?:undefined|null)(?: \(|$)|undefined or null to object",
            r"(?:undefined|null) is not an object|nil pointer dereference|entry in nil map|for nil\b",
            r"\bon (?:a )?`?(?:null\b|None` value)|because .{1,160} is null|object reference not set",
            r"value cannot be null|\bmust not be null|specified as non-null is null|property \S+ has not been init",
            r"no value present",
        ),
        classes=_set(
            "NullPointerException NullReferenceException ArgumentNullException KotlinNullPointerException"
            " UninitializedPropertyAccessException"
        ),
        names=_names(
            r"'NoneType' object has no attribute '(?P<member>[^']{1,60})'",
            r"of (?:undefined|null) \((?:reading|setting) '(?P<member>[^']{1,60})'\)",
            r"property '(?P<member>[^']{1,60})' of (?:undefined|null)",
            r"undefined method [`'](?P<member>[^']{1,60})' for nil",
            r"member function (?P<member>[\w]{1,60})\(\) on null",
            r"property \"(?P<member>[^\"]{1,60})\" on null",
            r"because (?:the return value of )?\"(?P<name>[^\"]{1,120})\" is null",
            r"cannot be null\. \(Parameter '(?P<name>[^']{1,60})'\)",
            r"non-null is null: .{1,120}, parameter (?P<name>\S{1,60})",
            r"property (?P<name>\S{1,60}) has not been init",
            r"(?:^|[\s:])(?P<name>\S{1,60}) must not be null",
        ),
        size="one_line",
        two_ways=True,
    ),
    Family(
        key="zero",
        told=_told(r"(?:division|divide|modulo|/) by zero|divided by 0\b"),
        classes=_set("ZeroDivisionError DivideByZeroException DivisionByZeroError"),
        size="one_line",
    ),
    Family(
        key="index",
        told=_told(
            r"index out of (?:range|bounds)|bounds out of range|index \S+ (?:is )?out of (?:range|bounds)",
            r"outside (?:of array bounds|the bounds of the array)|pop from (?:an )?empty",
            r"sequence contains no (?:matching )?elements?",
        ),
        classes=_set(
            "IndexError IndexOutOfBoundsException ArrayIndexOutOfBoundsException StringIndexOutOfBoundsException"
            " IndexOutOfRangeException OutOfBoundsException"
        ),
        names=_names(
            r"out of range \[:?(?P<name>-?\d{1,18}):?\] with (?:length|capacity) (?P<length>\d{1,18})",
            r"index (?P<name>-?\d{1,18}) (?:is )?out of bounds for length (?P<length>\d{1,18})",
            r"the len is (?P<length>\d{1,18}) but the index is (?P<name>\d{1,18})",
            r"index (?P<name>-?\d{1,18}) (?:outside|out) of",
            r"index out of range: (?P<name>-?\d{1,18})",
        ),
        size="one_line",
    ),
)

NOT_THERE: tuple[Family, ...] = (
    Family(
        key="missing_module",
        told=_told(
            r"no module named|cannot find module|cannot import name|could not load file or assembly",
            r"cannot load such file|NoClassDefFoundError: (?!could not init)",
        ),
        classes=_set("ModuleNotFoundError ClassNotFoundException LoadError"),
        names=_names(
            rf"(?:named|module|name) {QUOTED}",
            r"such file -- (?P<name>\S{1,60})",
            r"(?:ClassNotFoundException|NoClassDefFoundError): (?P<name>\S{1,120})",
            r"assembly '(?P<name>[^',]{1,60})",
        ),
    ),
    Family(
        key="missing_file",
        told=_told(
            r"no such file or directory|\bENOENT\b|cannot find the (?:file|path)|could not find (?:a part|file)"
        ),
        classes=_set("FileNotFoundError NoSuchFileException DirectoryNotFoundException NoSuchKey"),
        mostly=_set("FileNotFoundException"),
        names=_names(
            r"directory: '(?P<name>[^']{1,120})'",
            r"\b(?:open|stat|read|lstat) '?(?P<name>[^\s':]{1,120})'?(?:: no such file|$)",
            r"could not find (?:a part of the path|file) '(?P<name>[^']{1,120})'",
            r"Exception: (?P<name>\S{1,120})(?:$| \(No such file)",
        ),
        two_ways=True,
    ),
    Family(
        key="denied",
        told=_told(
            r"permission denied|access (?:is )?denied|\bEACCES\b|\bEPERM\b|operation not permitted",
            r"authentication failed|401 unauthori[sz]ed|403 forbidden|status(?: code)?:? 40[13]\b|\bunauthenticated\b",
            r"invalid (?:api key|credentials)|signature has expired|(?:token|jwt) (?:has |is )?expired",
            r"login failed for user|insufficient privilege",
        ),
        classes=_set(
            "PermissionError AccessDeniedException UnauthorizedAccessException ExpiredSignatureError InvalidTokenError"
            " ExpiredJwtException BadCredentialsException NotAuthorizedException TokenExpiredError"
        ),
        names=_names(
            r"denied: '(?P<name>[^']{1,120})'",
            r"for (?:table|relation|schema|sequence) \"?(?P<name>[^\s\"]{1,60})",
            rf"for user {QUOTED}",
        ),
        outside=True,
    ),
    Family(
        key="missing_key",
        told=_told(r"key not found: |undefined (?:array )?(?:key|index|offset)|key .{1,60} is missing in the map"),
        classes=_set("KeyError KeyNotFoundException"),
        names=_names(
            rf"KeyError: {QUOTED}$",
            rf"KeyError: '\\?{QUOTED}",
            r"key not found: :?['\"]?(?P<name>[^\s'\")]{1,60})",
            rf"undefined (?:array )?(?:key|index|offset):? {QUOTED}",
            rf"given key {QUOTED}",
            r"key (?P<name>\S{1,60}) is missing in the map",
        ),
        size="one_line",
    ),
    Family(
        key="missing_member",
        told=_told(
            r"has no attribute|undefined (?:method|local variable|property:)|call to undefined|\bis not a function\b",
        ),
        classes=_set("NoSuchMethodError NoSuchFieldError MissingMethodException NameError ReferenceError"),
        mostly=_set("AttributeError NoMethodError"),
        names=_names(
            r"has no attribute '(?P<name>[^']{1,60})'",
            r"undefined (?:method|local variable or method) [`'](?P<name>[^'`]{1,60})'",
            r"call to undefined (?:method|function) (?:\S{1,80}::)?(?P<name>\w{1,60})",
            r"(?P<name>\S{1,60}) is not a function",
            r"name '(?P<name>[^']{1,60})' is not defined",
            r"(?P<name>\S{1,60}) is not defined",
        ),
        size="one_function",
    ),
)

MEANINGS: tuple[Family, ...] = (
    Family(
        key="wrong_type",
        told=_told(
            r"cannot be cast to|unable to cast|interface conversion:|unsupported operand type|can only concatenate",
            r"must be of (?:the )?type|no implicit conversion of|not supported between instances",
            r"object is not (?:iterable|callable|subscriptable)",
        ),
        classes=_set("ClassCastException InvalidCastException ArrayStoreException"),
        names=_names(
            r"class (?P<got>\S{1,120}) cannot be cast to class (?P<wanted>\S{1,120})",
            r"interface conversion: .{1,60} is (?P<got>[^\s,]{1,60}), not (?P<wanted>\S{1,60})",
            r"must be of (?:the )?type (?P<wanted>[^\s,]{1,60}), (?P<got>\S{1,60}) given",
            r"type '(?P<got>[^']{1,60})' to type '(?P<wanted>[^']{1,60})'",
            r"conversion of (?P<got>\S{1,60}) into (?P<wanted>\S{1,60})",
        ),
        size="one_function",
        two_ways=True,
    ),
    Family(
        key="conversion",
        told=_told(
            r"(?:could not|cannot|can.t) (?:convert|parse|deserialize|unmarshal)|(?:failed|unable) to parse",
            r"could not be parsed|invalid literal for|for input string|in JSON at position|unexpected end of JSON",
            r"is not valid JSON|looking for beginning of|parsing .{1,60} invalid syntax|invalid digit found",
            r"invalid value for \w+\(|not in a correct format|codec can.t decode|expecting value: line",
            r"does not match format",
        ),
        classes=_set(
            "NumberFormatException DateTimeParseException JSONDecodeError JsonParseException MismatchedInputException"
            " InvalidFormatException JsonSyntaxException FormatException JsonReaderException UnicodeDecodeError"
            " UnrecognizedPropertyException ParserError"
        ),
        names=_names(r"Go struct field (?P<name>\S{1,60}) of type", rf"unrecognized field {QUOTED}"),
        size="one_line",
    ),
    Family(
        key="unreachable",
        told=_told(
            r"connection refused|\bECONNREFUSED\b|connection reset|\bECONNRESET\b|no route to host|\bEHOSTUNREACH\b",
            r"network is unreachable|no such host|\bENOTFOUND\b|\bEAI_AGAIN\b|name or service not known",
            r"failure in name resolution|nodename nor servname|socket hang up|actively refused it",
            r"server closed the connection|communications link failure|failed to establish a new connection",
        ),
        classes=_set(
            "ConnectionRefusedError ConnectionResetError UnknownHostException NoRouteToHostException gaierror"
        ),
        mostly=_set("ConnectException ConnectionError"),
        names=_names(
            r"lookup (?P<name>[^\s:]{1,60})",
            r"(?:ENOTFOUND|EAI_AGAIN) (?P<name>\S{1,60})",
            r"ECONNREFUSED (?P<name>[^\s:]{1,60})",
            r"dial tcp (?P<name>[^\s:]{1,60}):\d",
            r"UnknownHostException: (?P<name>[^\s:]{1,60})",
            r"server at \"(?P<name>[^\"]{1,60})\"",
            r"host='(?P<name>[^']{1,60})'",
            r"(?:connecting|connect) to (?P<name>[^\s:/]{1,60}):\d",
        ),
        outside=True,
        size="one_function",
    ),
    Family(
        key="timeout",
        told=_told(
            r"\btimed[ -]?out\b|deadline ?exceeded|\bETIMEDOUT\b|\btime ?out (?:exceeded|expired|after|reading|of \d)",
            r"(?:read|connect|request|gateway|i/o|handshake|socket|query|statement|operation)[ -]?time ?out\b",
        ),
        mostly=_set(
            "TimeoutError TimeoutException SocketTimeoutException ReadTimeout ConnectTimeout ReadTimeoutError"
            " HttpTimeoutException ReadTimeoutException DeadlineExceeded"
        ),
        names=_names(
            r"host='(?P<name>[^']{1,60})'",
            r"https?://(?P<name>[\w.-]{1,60})",
            r"dial tcp (?P<name>[^\s:]{1,60}):\d",
        ),
        outside=True,
        size="one_function",
    ),
    Family(
        key="unsupported",
        told=_told(
            r"\bnot (?:yet )?implemented\b|\bunimplemented\b|(?:method|operation|function) (?:is )?not supported",
        ),
        classes=_set("NotImplementedError NotImplementedException UnsupportedOperationException NotSupportedException"),
        size="one_function",
    ),
    Family(
        key="refused_state",
        told=_told(r"\bassertion (?:.{1,60} )?failed"),
        classes=_set("AssertionError AssertionFailedError"),
        mostly=_set("IllegalStateException IllegalArgumentException"),
        size="one_function",
    ),
)

FAMILIES = (*DATABASE, *LIMITS, *VALUES, *NOT_THERE, *MEANINGS)
"""Those whose wording is the more exact come first: a pool says `timed out` as well."""
