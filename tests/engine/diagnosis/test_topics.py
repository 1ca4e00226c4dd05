"""Checks that what real software prints is known for what it is about, and that denying something does not tell it."""

import pytest

from engine.diagnosis.topics import TOPICS, subjects

PRINTED: list[tuple[str, str]] = [
    # Pools of connections: Hikari, Go, SQLAlchemy, PostgreSQL, MySQL, Node.
    ("HikariPool-1 - Connection is not available, request timed out after 30000ms.", "pool"),
    ("QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00", "pool"),
    ("FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute", "pool"),
    ("ERROR 1040 (HY000): Too many connections", "pool"),
    ("FATAL: sorry, too many clients already", "pool"),
    ("Error: Connection acquire timeout of 10000ms exceeded", "pool"),
    ("Unable to acquire JDBC Connection", "pool"),
    ("redis: connection pool timeout", "pool"),
    ("获取数据库连接超时：连接池已满", "pool"),
    # Slow work in databases.
    ("LOG:  duration: 4211.004 ms  slow statement: SELECT * FROM t", "slow_query"),
    ("ERROR: canceling statement due to statement timeout", "slow_query"),
    ("Query execution was interrupted, maximum statement execution time exceeded", "slow_query"),
    ("MongoServerError: operation exceeded time limit, maxTimeMS", "slow_query"),
    ("SELECT * FROM orders returned 12,847 rows - no LIMIT clause", "slow_query"),
    ("慢查询：耗时 5.2 秒", "slow_query"),
    ("1,205 SQL queries executed for single GET /books request", "many_queries"),
    ("N+1 query problem detected in OrderRepository", "many_queries"),
    # Locks.
    ("ERROR: deadlock detected", "lock"),
    ("Lock wait timeout exceeded; try restarting transaction", "lock"),
    ("sqlite3.OperationalError: database is locked", "lock"),
    ("ORA-00060: deadlock detected while waiting for resource", "lock"),
    ("could not serialize access due to concurrent update", "lock"),
    ("quote waited 3100 ms for the table lock", "lock"),
    ("等待行锁超时", "lock"),
    # Databases that refuse to write, and disks.
    ("ERROR: cannot execute INSERT in a read-only transaction", "read_only"),
    ("The MySQL server is running with the --read-only option so it cannot execute this statement", "read_only"),
    ("READONLY You can't write against a read only replica.", "read_only"),
    ("NotWritablePrimary: not primary", "read_only"),
    ("数据库处于只读模式", "read_only"),
    ("write /var/lib/data: no space left on device", "disk_full"),
    ('ERROR: could not extend file "base/16384/2619": No space left on device', "disk_full"),
    ("MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist on disk", "disk_full"),
    ("flood stage disk watermark [95%] exceeded on node", "disk_full"),
    ("磁盘已满，写入失败", "disk_full"),
    # Schemas.
    ('ERROR: column "price_old" does not exist', "schema"),
    ("Unknown column 'o.total' in 'field list'", "schema"),
    ("Table 'shop.orders' doesn't exist", "schema"),
    ("sqlalchemy.exc.ProgrammingError: (psycopg2.errors.UndefinedColumn)", "schema"),
    ("Invalid object name 'dbo.Orders'.", "schema"),
    ("django.db.migrations: there are pending migrations", "schema"),
    ("ORA-00942: table or view does not exist", "schema"),
    ("replica is 42 s behind the primary", "replication"),
    # Caches.
    ("OOM command not allowed when used memory > 'maxmemory'.", "cache_full"),
    ("evicted 40000 keys in the last minute", "cache_full"),
    ("hot key detected: item:1", "hot_key"),
    ("cache miss; read-through to the database", "cache_miss"),
    ("缓存击穿", "cache_miss"),
    # Memory.
    ("java.lang.OutOfMemoryError: Java heap space", "memory"),
    ("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "memory"),
    ("fatal error: runtime: out of memory", "memory"),
    ("MemoryError", "memory"),
    ("OOMKilled: container terminated (exit code 137)", "oom_kill"),
    ("Memory cgroup out of memory: Killed process 4211 (java)", "oom_kill"),
    ("JVM heap usage critical: 467MB / 512MB (91.2%)", "memory_growth"),
    ("java.lang.OutOfMemoryError: GC overhead limit exceeded", "gc"),
    ("[gc] GC(41) Pause Full (Allocation Failure) 400M->390M(512M) 2301.2ms", "gc"),
    # CPU, threads, descriptors.
    ("CPU usage at 97% on all cores", "cpu"),
    ("java.util.concurrent.RejectedExecutionException: Task rejected from ThreadPoolExecutor", "threads"),
    ("java.lang.OutOfMemoryError: unable to create new native thread", "threads"),
    ("[CRITICAL] WORKER TIMEOUT (pid:42)", "threads"),
    ("server reached pm.max_children setting (50), consider raising it", "threads"),
    ("512 worker_connections are not enough", "threads"),
    ("accept4() failed (24: Too many open files)", "descriptors"),
    ("Error: EMFILE: too many open files", "descriptors"),
    # Queues.
    ("consumer lag is 481204 on topic orders", "backlog"),
    ("consumer poll timeout has expired: time between calls to poll() was longer than max.poll.interval.ms", "backlog"),
    ("消息积压超过 10 万条", "backlog"),
    # Calls.
    ("rpc error: code = DeadlineExceeded desc = context deadline exceeded", "timeout"),
    ("java.net.SocketTimeoutException: Read timed out", "timeout"),
    ("upstream timed out (110: Connection timed out) while reading response header", "timeout"),
    ("dial tcp 10.0.0.7:5432: connect: connection refused", "unreachable"),
    ("no healthy upstream", "unreachable"),
    ("no live upstreams while connecting to upstream", "unreachable"),
    ("upstream payments returned 503", "peer_failed"),
    ("ServiceUnavailable: 503 SlowDown", "peer_failed"),
    ("429 Too Many Requests", "limited"),
    ("rpc error: code = ResourceExhausted", "limited"),
    ("HTTPConnectionPool: Max retries exceeded with url: /v1/pay", "retry"),
    ("retrying in 2s, attempt 4 of 5", "retry"),
    ("CircuitBreaker 'inventory' is OPEN and does not permit further calls", "circuit"),
    # The way to others.
    ("dial tcp: lookup pay.shop.svc on 10.96.0.10:53: no such host", "dns"),
    ("java.net.UnknownHostException: pay.shop.svc", "dns"),
    ("Error: getaddrinfo EAI_AGAIN pay.shop.svc", "dns"),
    ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "dns"),
    ("curl: (6) Could not resolve host: pay", "dns"),
    ("DENY egress packet: src=shop/web dst=kube-system/coredns proto=UDP port=53", "denied"),
    ("Policy denied: 10.1.2.3 to 10.4.5.6:8080 dropped by network policy", "denied"),
    ("read tcp 10.0.0.1:41: read: connection reset by peer", "network"),
    ("Error: socket hang up", "network"),
    ("write: broken pipe", "network"),
    ("x509: certificate has expired or is not yet valid", "certificate"),
    ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "certificate"),
    ("PKIX path building failed: unable to find valid certification path", "certificate"),
    ("Error: CERT_HAS_EXPIRED", "expired_certificate"),
    ("http: TLS handshake error from 10.0.0.2:4431: remote error: tls: bad certificate", "certificate"),
    ("证书已过期", "expired_certificate"),
    ("RequestTimeTooSkewed: The difference between the request time and the current time is too large", "clock"),
    ("Token used before issued", "clock"),
    ("clock skew detected: 412 s", "clock"),
    # Rights, settings, flags, code.
    ("401 Unauthorized", "auth"),
    ("JWT token validation failed: audience validation error", "auth"),
    ("FATAL: password authentication failed for user", "auth"),
    ("NOAUTH Authentication required.", "auth"),
    ("rpc error: code = PermissionDenied desc = RBAC: access denied", "auth"),
    ("Could not resolve placeholder 'db.url' in value \"${db.url}\"", "config"),
    ("environment variable PAYMENT_URL is not set", "config"),
    ('nginx: [emerg] unknown directive "proxy_passs"', "config"),
    ("配置加载失败：缺少 region", "config"),
    ("feature flag deep_reads turned on", "flag"),
    ("panic: runtime error: invalid memory address or nil pointer dereference", "code"),
    ("java.lang.NullPointerException: Cannot invoke method on null", "code"),
    ("TypeError: Cannot read properties of undefined (reading 'id')", "code"),
    ("ModuleNotFoundError: No module named 'shop.tax'", "code"),
    ("panic: proto: duplicate registration / incompatible runtime version", "code"),
    ("[Recovery] panic recovered: runtime error: index out of range", "code"),
    ("java.lang.NoSuchMethodError: 'void a.B.c()'", "linkage"),
    ("panic: proto: duplicate registration / incompatible runtime version", "linkage"),
    ("Back-off restarting failed container", "crash"),
    ("Node worker-2 status is now: NodeNotReady", "node"),
]


@pytest.mark.parametrize("text, subject", PRINTED)
def test_what_software_prints_is_known(text: str, subject: str) -> None:
    assert subject in subjects(text)


def test_every_subject_is_shown_by_an_example() -> None:
    assert TOPICS.keys() == {subject for _, subject in PRINTED}


@pytest.mark.parametrize(
    "text",
    [
        "no deadlock detected on this node",
        "connection pool is no longer exhausted",
        "0 slow queries in the last minute",
        "pool exhausted condition cleared",
        "no connection timeout seen",
        "disk full alarm resolved",
        "没有发现死锁",
        "连接池已恢复，不再耗尽",
        "order 4711 paid",
        "GET /api/books 200 in 12 ms",
        "started worker 3",
        "user 401k plan updated",
        "cached 4 books",
    ],
)
def test_what_is_denied_or_harmless_is_about_nothing(text: str) -> None:
    assert subjects(text) == ()


@pytest.mark.parametrize("text", ["a" * 400, "pool " * 80, "(" * 400, "timed " * 60 + "x", "lock wait " * 40])
def test_hostile_text_takes_no_time(text: str) -> None:
    subjects.cache_clear()
    for pattern in TOPICS.values():
        pattern.search(text)
